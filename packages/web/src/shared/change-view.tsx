import type { Change } from "@holdfast/protocol";
import { useMemo } from "react";
import { blocksOf, KIND_WORDS, type PatchLine } from "../changes/index.ts";
import { Chip, classes, Exact, Fold, FoldMark } from "../design/index.ts";

/** Lines drawn of one change; a document must end. */
const MAX_LINES = 2_000;

const SIGNS = { added: "+", removed: "−", same: " " } as const;
const GROUNDS = { added: "bg-good-wash", removed: "bg-danger-wash", same: "" } as const;

/** What happened to one file, and whose it is; nothing of it can be decided here. */
export function ChangeView({ change, isOpen }: { change: Change; isOpen: boolean }) {
  const { path, oldPath, kind, additions, deletions, state } = change;
  const authors = [...new Set(change.hunks.flatMap(({ origins }) => origins.map(({ agent }) => agent)))];
  return (
    <section className="my-2 overflow-hidden rounded-md border border-line">
      <Fold
        isOpen={isOpen}
        hasContent={change.patch !== undefined || change.binary}
        headClassName="flex min-h-9 w-full flex-wrap items-center gap-x-2 gap-y-0.5 bg-canvas px-2.5 py-1 text-left text-sm enabled:hover:bg-hover pointer-coarse:min-h-11"
        head={(open) => (
          <>
            <FoldMark isOpen={open} className="text-ink-faint" />
            <Exact text={path} className="min-w-0 flex-1 basis-40 font-mono text-xs break-all" />
            {oldPath !== undefined && (
              <span className="text-xs text-ink-faint">
                was <Exact text={oldPath} className="font-mono break-all" />
              </span>
            )}
            <span className="text-xs text-ink-faint">{KIND_WORDS[kind]}</span>
            <span className="text-xs text-ink-faint">{authors.join(", ")}</span>
            <span className="text-xs text-good">+{additions.toLocaleString()}</span>
            <span className="text-xs text-danger">−{deletions.toLocaleString()}</span>
            {state !== "pending" && <Chip>{state}</Chip>}
          </>
        )}
        content={() => <Lines change={change} />}
      />
    </section>
  );
}

function Lines({ change }: { change: Change }) {
  const { patch, hunks, binary, patchTruncated } = change;
  const blocks = useMemo(() => blocksOf(patch ?? "", hunks), [patch, hunks]);
  if (binary) return <p className="border-t border-line px-3 py-2 text-sm text-ink-soft">A binary file.</p>;
  const lines = blocks.flatMap(({ gap, lines: own }) => [...(gap > 0 ? [gap] : []), ...own]);
  return (
    <div className="border-t border-line">
      <div
        dir="ltr"
        tabIndex={0}
        role="group"
        aria-label="Lines"
        className="overflow-x-auto py-0.5 font-mono text-xs leading-5 text-(--code-ink)"
      >
        {lines.slice(0, MAX_LINES).map((line, index) =>
          typeof line === "number" ? (
            <p key={index} className="px-3 text-ink-faint">
              ⋯ {line.toLocaleString()} unchanged
            </p>
          ) : (
            <Line key={index} line={line} />
          ),
        )}
      </div>
      {(patchTruncated === true || lines.length > MAX_LINES) && (
        <p className="border-t border-line px-3 py-1.5 text-xs text-ink-faint">
          {lines.length > MAX_LINES
            ? `${(lines.length - MAX_LINES).toLocaleString()} more lines are not shown.`
            : "More of it was not published."}
        </p>
      )}
    </div>
  );
}

const Line = ({ line }: { line: PatchLine }) => (
  <div className={classes("flex min-w-max pr-3", GROUNDS[line.kind])}>
    <span aria-hidden className="w-12 shrink-0 pr-2 text-right text-ink-faint tabular-nums select-none">
      {line.new ?? line.old}
    </span>
    <span aria-hidden className="w-4 shrink-0 text-ink-soft select-none">
      {SIGNS[line.kind]}
    </span>
    <Exact text={line.text} as="block" className="whitespace-pre" />
  </div>
);
