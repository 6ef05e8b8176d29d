import type { DiffTotals, Turn, TurnReason } from "@holdfast/protocol";
import { CircleSlash, CornerDownRight, RotateCcw, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Notice } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { figuresOf } from "./figures.ts";
import { useIsPast } from "./past.tsx";
import { useReader } from "./reader.tsx";

/** Why a turn ended, in words; what is not here needs none. */
const WORDS: Record<TurnReason, string> = {
  steered: "Went into the turn that was running",
  noted: "Noted, for people only",
  cancelled: "Stopped by you",
  interrupted: "Interrupted: the server or the machine went down in the middle of it",
  shutdown: "Interrupted: the server was shut down",
  superseded: "Given up for a newer message",
  error: "The agent reported an error",
  crashed: "The agent's program ended in the middle of it",
  timeout: "It took longer than allowed",
  exhausted: "It was tried as often as allowed",
  refused: "The agent refused",
  denied: "A permission was denied",
  limited: "The agent's usage limit was reached",
};

/** How a turn ended. An interrupted one can go on, and one that met a usage limit, once; everything that was said before it stays. */
export function TurnEnd(props: { turn: Turn; totals: DiffTotals | undefined; isResumed: boolean }) {
  const { turn, totals, isResumed } = props;
  const isPast = useIsPast();
  const isReader = useReader() !== undefined;
  if (turn.state === "completed" && turn.reason === undefined) return <Figures turn={turn} totals={totals} />;
  const words =
    turn.reason === undefined
      ? "It ended"
      : isReader && turn.reason === "cancelled"
        ? "Stopped"
        : WORDS[turn.reason];
  if (turn.state === "completed" || turn.reason === "cancelled" || turn.reason === "superseded")
    return (
      <p className="flex items-center gap-2 py-1.5 text-sm text-ink-faint">
        {turn.state === "completed" ? <CornerDownRight size={15} /> : <CircleSlash size={15} />}
        {words}
        <ChangedFiles totals={totals} />
        {turn.state !== "completed" && (
          <span className="text-xs tabular-nums">{figuresOf(turn).join(" · ")}</span>
        )}
      </p>
    );
  const canGoOn = turn.state === "aborted" || turn.reason === "limited";
  return (
    <div className="py-2">
      <Notice
        tone={canGoOn ? "attention" : "danger"}
        icon={<TriangleAlert size={16} className={canGoOn ? "text-attention" : "text-danger"} />}
        action={
          isPast || isReader || (canGoOn && isResumed) ? undefined : canGoOn ? (
            <GoOn turn={turn} />
          ) : (
            <WayOn turn={turn} />
          )
        }
      >
        <span className="font-medium">{words}.</span>
        {turn.error !== undefined && (
          <span className="mt-0.5 block font-mono text-xs break-words whitespace-pre-wrap text-ink-soft">
            {messageOf(turn.error)}
          </span>
        )}
        <ChangedFiles totals={totals} className="mt-0.5 block text-xs text-ink-faint" />
      </Notice>
      <Figures turn={turn} totals={undefined} />
    </div>
  );
}

/** What can be done about a turn that failed, where the page has a place for it (W-13). */
function WayOn({ turn: { error } }: { turn: Turn }) {
  if (error?.name !== "WorkspaceMissingError" || error.data.ways.length === 0) return null;
  return (
    <Link
      to={{ at: "worktrees" }}
      className="inline-flex items-center text-accent underline underline-offset-2 pointer-coarse:min-h-11"
    >
      Bring it back
    </Link>
  );
}

function messageOf(error: NonNullable<Turn["error"]>): string {
  const { data } = error as { name: string; data: { message?: unknown } };
  return typeof data.message === "string" && data.message !== "" ? data.message : error.name;
}

function GoOn({ turn }: { turn: Turn }) {
  const client = useClient();
  const [isGoing, setGoing] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const goOn = () => {
    setGoing(true);
    client.resumeTurn(turn.id, { idempotencyKey: `go-on-${turn.id}` }).catch((error: unknown) => {
      setGoing(false);
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <>
      <Button size="small" disabled={isGoing} onClick={goOn}>
        <RotateCcw size={14} /> {turn.reason === "limited" ? "Go on when it is over" : "Go on"}
      </Button>
      {problem !== undefined && <span className="text-xs text-danger">{problem}</span>}
    </>
  );
}

/** How much the turn changed of the files; nothing where it changed none, or nobody looked. */
function ChangedFiles({ totals, className = "" }: { totals: DiffTotals | undefined; className?: string }) {
  if (totals === undefined || totals.files === 0) return null;
  const { files, additions, deletions } = totals;
  return (
    <span className={`tabular-nums ${className}`}>
      {files.toLocaleString()} {files === 1 ? "file" : "files"}{" "}
      <span className="text-good">+{additions.toLocaleString()}</span>{" "}
      <span className="text-danger">−{deletions.toLocaleString()}</span>
    </span>
  );
}

function Figures({ turn, totals }: { turn: Turn; totals: DiffTotals | undefined }) {
  const figures = figuresOf(turn);
  return (
    <p className="py-1 text-xs text-ink-faint tabular-nums">
      {figures.join(" · ")}
      {figures.length > 0 && totals !== undefined && totals.files > 0 && " · "}
      <ChangedFiles totals={totals} />
    </p>
  );
}
