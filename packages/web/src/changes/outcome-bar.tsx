import { type Change, visibleText } from "@holdfast/protocol";
import { Undo2, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLibrary } from "../data/index.ts";
import { Button, classes, Exact, IconButton, type Tone } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { ConflictDialog } from "./conflict-dialog.tsx";
import { type Outcome, withoutPaths } from "./outcome.ts";
import type { Review } from "./use-review.ts";
import { countOf } from "./words.ts";

const WASHES: Record<Tone, string> = {
  neutral: "bg-sunken",
  accent: "bg-selected",
  busy: "bg-busy-wash",
  attention: "bg-attention-wash",
  danger: "bg-danger-wash",
  good: "bg-good-wash",
};

type OutcomeBarProps = { review: Review; outcome: Outcome; changeOf: (id: string) => Change | undefined };

/** What came of the last act, at the foot of the panel, and what can be done about it. */
export function OutcomeBar({ review, outcome, changeOf }: OutcomeBarProps) {
  const [isConflictShown, setConflictShown] = useState(false);
  const { tone, words, action } = tellingOf(outcome, review, () => setConflictShown(true));
  return (
    <div
      role={tone === "danger" || tone === "attention" ? "alert" : "status"}
      className={classes(
        "flex items-start gap-2 border-t border-line py-1.5 pr-1.5 pl-3 text-sm",
        WASHES[tone],
      )}
    >
      <div className="flex min-h-8 min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 flex-1 basis-48 break-words">{words}</span>
        {action}
      </div>
      <IconButton label="Close the notice" onClick={review.dismiss} className="shrink-0">
        <X size={15} />
      </IconButton>
      {isConflictShown && outcome.kind === "conflict" && (
        <ConflictDialog
          conflicts={outcome.conflicts}
          onClose={() => setConflictShown(false)}
          onRest={restOf(outcome, review, changeOf, () => setConflictShown(false))}
        />
      )}
    </div>
  );
}

type Telling = { tone: Tone; words: ReactNode; action?: ReactNode };

function tellingOf(outcome: Outcome, review: Review, showConflict: () => void): Telling {
  switch (outcome.kind) {
    case "done":
      return {
        tone: "good",
        words: `${outcome.words}: ${namesOf(outcome.paths)}.`,
        action: (
          <Button size="small" disabled={review.isBusy} onClick={() => review.undo(outcome.operationId)}>
            <Undo2 size={13} /> Undo
          </Button>
        ),
      };
    case "undone":
      return { tone: "neutral", words: `Undone: ${namesOf(outcome.paths)}.` };
    case "commented":
      return {
        tone: "good",
        words: "The comment is on its way to the agent.",
        action: <SessionLink id={outcome.sessionId} />,
      };
    case "stale":
      return {
        tone: "attention",
        words: "Nothing was done: a file has changed since you read it. Look at it as it is now.",
      };
    case "conflict":
      return {
        tone: "danger",
        words: `Nothing was done: ${countOf(outcome.conflicts.length, "file")} cannot be brought together.`,
        action: (
          <Button size="small" onClick={showConflict}>
            Show both sides
          </Button>
        ),
      };
    case "diverged": {
      const { asked } = outcome;
      return {
        tone: "attention",
        words:
          "Nothing was done: the project's branch no longer contains the commit that these changes started from.",
        action: (
          <Button
            size="small"
            disabled={review.isBusy}
            onClick={() => review.take({ ...asked, onto: "current" })}
          >
            Apply onto the files as they are
          </Button>
        ),
      };
    }
    case "busy": {
      const { asked, holder } = outcome;
      return {
        tone: "attention",
        words: (
          <>
            Nothing was done: <Holder id={holder} /> the files at the moment.
          </>
        ),
        action: asked !== undefined && (
          <Button size="small" disabled={review.isBusy} onClick={() => review.take(asked)}>
            Try again
          </Button>
        ),
      };
    }
    case "refused":
      return { tone: "danger", words: visibleText(outcome.message, "words") };
  }
}

/** Who has the files: a session that works, or another act of review. */
function Holder({ id }: { id: string | undefined }) {
  const { sessions, archived } = useLibrary();
  if (id === undefined || !id.startsWith("ses_")) return "another act of review has";
  const title = (sessions.get(id) ?? archived?.get(id))?.title ?? "another session";
  return (
    <>
      <Link to={{ at: "session", sessionId: id }} className="underline underline-offset-2">
        <Exact text={title} as="words" />
      </Link>{" "}
      works on
    </>
  );
}

function SessionLink({ id }: { id: string }) {
  const { sessions, archived } = useLibrary();
  const title = (sessions.get(id) ?? archived?.get(id))?.title ?? "The session";
  return (
    <Link to={{ at: "session", sessionId: id }} className="truncate text-accent underline underline-offset-2">
      <Exact text={title} as="words" />
    </Link>
  );
}

function restOf(
  outcome: Extract<Outcome, { kind: "conflict" }>,
  review: Review,
  changeOf: (id: string) => Change | undefined,
  close: () => void,
): (() => void) | undefined {
  const paths = outcome.conflicts.map(({ path }) => path);
  const rest = outcome.asked && withoutPaths(outcome.asked, (id) => changeOf(id)?.path, paths);
  if (rest === undefined) return undefined;
  return () => {
    close();
    review.take(rest);
  };
}

/** The first names, and how many more. */
function namesOf(paths: readonly string[]): string {
  if (paths.length === 0) return "nothing was left to do";
  const names = paths.slice(0, 2).map((path) => visibleText(path, "line"));
  const [shown, more] = [names.join(", "), paths.length - 2];
  return more > 0 ? `${shown} and ${more} more` : shown;
}
