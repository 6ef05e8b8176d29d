import type { Change } from "@holdfast/protocol";
import { Check, Undo2 } from "lucide-react";
import { Button } from "../design/index.ts";
import { canDecide, chosenPart, type Selection } from "./selection.ts";
import { countOf, TAKE_WORDS } from "./words.ts";

type ToolbarProps = {
  changes: readonly Change[];
  selection: Selection;
  isBusy: boolean;
  onAll: () => void;
  onTake: () => void;
  onReject: () => void;
};

/** Decides about what is chosen; about everything when nothing is. */
export function Toolbar({ changes, selection, isBusy, onAll, onTake, onReject }: ToolbarProps) {
  const open = changes.filter(canDecide);
  const chosen = open.filter((change) => chosenPart(selection, change) !== "none");
  const isAll = open.length > 0 && open.every((change) => chosenPart(selection, change) === "all");
  const { verb, meaning } = TAKE_WORDS[open[0]?.action ?? "accept"];
  const what = chosen.length === 0 || isAll ? "all" : String(chosen.length);
  const isOff = isBusy || open.length === 0;
  return (
    <div className="flex min-h-10 shrink-0 flex-wrap items-center gap-x-3 border-b border-line px-3 text-sm">
      <label className="flex items-center gap-2 text-ink-soft pointer-coarse:min-h-11">
        <input
          type="checkbox"
          ref={(box) => {
            if (box !== null) box.indeterminate = chosen.length > 0 && !isAll;
          }}
          checked={isAll}
          disabled={isOff}
          onChange={onAll}
          className="size-4 accent-accent"
        />
        {chosen.length === 0 ? "Choose all" : `${countOf(chosen.length, "file")} chosen`}
      </label>
      <span className="ml-auto flex items-center gap-1.5 py-1">
        <Button size="small" disabled={isOff} onClick={onReject}>
          <Undo2 size={13} /> Reject {what}
        </Button>
        <Button size="small" tone="primary" title={meaning} disabled={isOff} onClick={onTake}>
          <Check size={13} /> {verb} {what}
        </Button>
      </span>
    </div>
  );
}
