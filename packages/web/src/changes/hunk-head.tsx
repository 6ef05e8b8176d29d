import type { Change, Hunk } from "@holdfast/protocol";
import { Check, Eye, Undo2, X } from "lucide-react";
import { Button, classes, IconButton } from "../design/index.ts";
import { AuthorBadges } from "./author-badges.tsx";
import { rangeOf } from "./patch-lines.ts";
import { canDecide } from "./selection.ts";
import { authorsOf, TAKE_WORDS } from "./words.ts";

type HunkHeadProps = {
  change: Change;
  hunk: Hunk;
  nameOf: (agent: string) => string;
  isChosen: boolean;
  isReviewed: boolean;
  isOff: boolean;
  onChoose: () => void;
  onTake: () => void;
  onReject: () => void;
  onReviewed: () => void;
};

/** One part of a file that can be decided by itself: whose it is, and what can be done with it. */
export function HunkHead(props: HunkHeadProps) {
  const { change, hunk, nameOf, isChosen, isReviewed, isOff } = props;
  const range = rangeOf(hunk);
  const { verb, meaning } = TAKE_WORDS[change.action];
  return (
    <div
      className={classes(
        "flex min-h-9 flex-wrap items-center gap-x-2 border-y border-line bg-sunken px-3 py-1 text-xs text-ink-soft group-focus/hunk:bg-selected pointer-coarse:min-h-11",
      )}
    >
      {canDecide(change) && (
        <input
          type="checkbox"
          aria-label={`Choose ${range}`}
          checked={isChosen}
          disabled={isOff}
          onChange={props.onChoose}
          className="size-4 accent-accent"
        />
      )}
      <span className="tabular-nums">{range}</span>
      <AuthorBadges authors={authorsOf(hunk.origins, nameOf)} />
      {canDecide(change) && (
        <span className="ml-auto flex items-center gap-0.5">
          <IconButton
            label={isReviewed ? `Reviewed: ${range}` : `Mark ${range} as reviewed`}
            aria-pressed={isReviewed}
            onClick={props.onReviewed}
            className={classes("size-7", isReviewed && "text-good!")}
          >
            <Eye size={15} />
          </IconButton>
          <Button
            size="small"
            tone="quiet"
            aria-label={`Reject ${range}`}
            disabled={isOff}
            onClick={props.onReject}
          >
            {change.action === "accept" ? <Undo2 size={13} /> : <X size={13} />} Reject
          </Button>
          <Button
            size="small"
            tone="quiet"
            title={meaning}
            aria-label={`${verb} ${range}`}
            disabled={isOff}
            onClick={props.onTake}
            className="text-accent"
          >
            <Check size={13} /> {verb}
          </Button>
        </span>
      )}
    </div>
  );
}
