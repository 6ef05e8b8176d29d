import { type Change, visibleText } from "@holdfast/protocol";
import { ChevronRight, Eye } from "lucide-react";
import { classes, Exact, IconButton } from "../design/index.ts";
import { AuthorBadges } from "./author-badges.tsx";
import { canDecide } from "./selection.ts";
import { contributorsOf, factsOf, KIND_WORDS, noteOf } from "./words.ts";

/** What was decided; nothing of it is pending any more. */
const ENDED: Partial<Record<Change["state"], string>> = {
  applied: "taken over",
  rejected: "no longer there",
};

type FileRowProps = {
  change: Change;
  /** A newer revision is known than the one that is shown. */
  isOutdated: boolean;
  isOpen: boolean;
  chosen: "none" | "some" | "all";
  isOff: boolean;
  /** A turn works in the workspace now. */
  isWorking: boolean;
  nameOf: (agent: string) => string;
  onFold: () => void;
  onChoose: () => void;
  onReviewed: () => void;
  onRenew: () => void;
};

/** A file that changed: what, how much, by whom, and whether somebody has looked at it. */
export function FileRow(props: FileRowProps) {
  const { change, isOutdated, isOpen, chosen, isOff, nameOf } = props;
  const { path, kind, additions, deletions } = change;
  const authors = contributorsOf(change, nameOf);
  const isReviewed = change.reviewed === change.revision;
  const shown = visibleText(path, "line");
  const slash = path.lastIndexOf("/") + 1;
  const ended = ENDED[change.state];
  const facts = [...factsOf(change), noteOf(authors)].filter((fact) => fact !== undefined);
  return (
    <div className={classes("flex items-start gap-2 px-3 py-1.5", ended !== undefined && "bg-canvas")}>
      <input
        type="checkbox"
        aria-label={`Choose ${shown}`}
        ref={(box) => {
          if (box !== null) box.indeterminate = chosen === "some";
        }}
        checked={chosen === "all"}
        disabled={isOff || !canDecide(change)}
        onChange={props.onChoose}
        className="mt-1.5 size-4 shrink-0 accent-accent"
      />
      <div className="min-w-0 flex-1">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={props.onFold}
          className="flex min-h-7 w-full items-center gap-1.5 rounded-sm text-left text-sm pointer-coarse:min-h-11"
        >
          <ChevronRight size={14} className={classes("shrink-0 text-ink-faint", isOpen && "rotate-90")} />
          {/* The end of a path says more than its beginning. */}
          <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
            <Exact text={path.slice(slash)} className="font-medium" />
            {slash > 0 && <Exact text={path.slice(0, slash - 1)} className="ml-2 text-xs text-ink-faint" />}
          </span>
          <span className="shrink-0 text-xs text-ink-soft">{ended ?? KIND_WORDS[kind]}</span>
          {additions + deletions > 0 && (
            <span className="shrink-0 text-xs tabular-nums">
              <span className="text-good">+{additions}</span>{" "}
              <span className="text-danger">−{deletions}</span>
            </span>
          )}
        </button>
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1 pl-5 text-xs text-ink-soft">
          {kind !== "branchMoved" && <AuthorBadges authors={authors} />}
          {facts.map((fact) => (
            <span key={fact} className="min-w-0 truncate" title={fact}>
              {fact}
            </span>
          ))}
          <Standing {...props} isOutdated={isOutdated} />
        </div>
      </div>
      {canDecide(change) && (
        <IconButton
          label={isReviewed ? `Reviewed: ${shown}` : `Mark ${shown} as reviewed`}
          aria-pressed={isReviewed}
          onClick={props.onReviewed}
          className={classes("mt-0.5 size-7", isReviewed && "text-good!")}
        >
          <Eye size={16} />
        </IconButton>
      )}
    </div>
  );
}

/** What makes it not simply pending: it changed under the reader, it may still change, an act on it was cut off. */
function Standing({ change, isOutdated, isWorking, onRenew }: FileRowProps) {
  if (change.state === "conflict")
    return (
      <span className="font-medium text-danger">
        conflict: an act on it was cut off, and the file is neither as before nor as planned. It was not
        touched.
      </span>
    );
  if (isOutdated)
    return (
      <button
        type="button"
        onClick={onRenew}
        className="font-medium text-attention underline underline-offset-2"
      >
        Changed since: show it as it is now
      </button>
    );
  if (isWorking && canDecide(change)) return <span className="text-busy">may still change</span>;
  return null;
}
