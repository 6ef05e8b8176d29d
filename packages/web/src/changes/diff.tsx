import { type Change, visiblePieces, visibleText } from "@holdfast/protocol";
import { type KeyboardEvent, type ReactNode, useMemo, useState } from "react";
import { Button, classes, Exact } from "../design/index.ts";
import { blocksOf, languageOf, type PatchBlock, type PatchLine } from "./patch-lines.ts";
import { useColours } from "./use-colours.ts";

/** Lines drawn at first, and with each “more”. */
const STEP_LINES = 2_000;

const SIGNS = { added: "+", removed: "−", same: " " } as const;
const GROUNDS = { added: "bg-good-wash", removed: "bg-danger-wash", same: "" } as const;
const SAYS = { added: "added ", removed: "deleted ", same: "" } as const;

/** A place in a diff that a remark can be about. */
export type LinePosition = { side: "old" | "new"; line: number };

type DiffProps = {
  change: Change;
  patch: string;
  /** What stands before a hunk's lines. */
  headOf: (block: PatchBlock, index: number) => ReactNode;
  /** The line that a remark is written about, and the form for it. */
  remark: { at: LinePosition | undefined; form: ReactNode };
  onLine: (position: LinePosition) => void;
};

/** The lines of a change, hunk by hunk. Line numbers are buttons: arrow keys go from one to the next, Enter begins a remark. */
export function Diff({ change, patch, headOf, remark, onLine }: DiffProps) {
  const blocks = useMemo(() => blocksOf(patch, change.hunks), [patch, change.hunks]);
  const colours = useColours(blocks, languageOf(change));
  const [limit, setLimit] = useState(STEP_LINES);
  const total = useMemo(() => blocks.reduce((sum, { lines }) => sum + lines.length, 0), [blocks]);
  const shown = useMemo(() => cut(blocks, limit), [blocks, limit]);
  return (
    <div onKeyDown={moveLine} className="border-t border-line">
      {shown.map((block, index) => (
        <div
          key={block.hunk?.id ?? `rest-${index}`}
          data-hunk={block.hunk?.id}
          tabIndex={-1}
          role="group"
          aria-label={`Hunk ${index + 1} of ${visibleText(change.path, "line")}`}
          className="group/hunk outline-none"
        >
          {block.gap > 0 && <Gap lines={block.gap} />}
          {headOf(block, index)}
          <div
            dir="ltr"
            className="@container overflow-x-auto py-0.5 font-mono text-xs leading-5 text-(--code-ink)"
          >
            <div className="min-w-max">
              {block.lines.map((line, at) => {
                const position = positionOf(line);
                const isHere = remark.at?.line === position.line && remark.at.side === position.side;
                return (
                  <div key={at}>
                    <Line
                      line={line}
                      html={colours.get(line)}
                      isFirst={index === 0 && at === 0}
                      onPick={() => onLine(position)}
                    />
                    {isHere && <div className="sticky left-0 w-[min(100cqw,36rem)]">{remark.form}</div>}
                  </div>
                );
              })}
            </div>
          </div>
        </div>
      ))}
      {total > limit && (
        <div className="flex items-center gap-3 border-t border-line px-3 py-2 text-sm text-ink-soft">
          {(total - limit).toLocaleString()} more lines
          <Button size="small" onClick={() => setLimit(limit + STEP_LINES)}>
            Show more
          </Button>
        </div>
      )}
    </div>
  );
}

type LineProps = { line: PatchLine; html: string | undefined; isFirst: boolean; onPick: () => void };

function Line({ line, html, isFirst, onPick }: LineProps) {
  const number = line.new ?? line.old;
  // What would not be seen is worth more than colours.
  const isMarked = useMemo(
    () => visiblePieces(line.text, "block").some(({ kind }) => kind !== "plain"),
    [line],
  );
  return (
    <div className={classes("flex pr-3", GROUNDS[line.kind])}>
      <button
        type="button"
        data-line
        tabIndex={isFirst ? 0 : -1}
        aria-label={`Comment on ${SAYS[line.kind]}line ${number}`}
        title="Comment on this line"
        onClick={onPick}
        className="w-12 shrink-0 pr-2 text-right text-ink-faint tabular-nums select-none hover:bg-selected hover:text-ink focus-visible:-outline-offset-2"
      >
        {number}
      </button>
      <span aria-hidden className="w-4 shrink-0 text-ink-soft select-none">
        {SIGNS[line.kind]}
      </span>
      {html === undefined || isMarked ? (
        <Exact text={line.text} as="block" className="whitespace-pre" />
      ) : (
        <span className="whitespace-pre" dangerouslySetInnerHTML={{ __html: html }} />
      )}
      {line.isUnended === true && <span className="pl-3 text-ink-faint">no line break at the end</span>}
    </div>
  );
}

function Gap({ lines }: { lines: number }) {
  return (
    <p className="border-t border-line px-3 py-0.5 text-xs text-ink-faint first:border-t-0">
      <span aria-hidden>⋯ </span>
      {lines === 1 ? "1 line" : `${lines.toLocaleString()} lines`} unchanged
    </p>
  );
}

function positionOf(line: PatchLine): LinePosition {
  return line.new === undefined ? { side: "old", line: line.old ?? 1 } : { side: "new", line: line.new };
}

/** The first `limit` lines. */
function cut(blocks: readonly PatchBlock[], limit: number): PatchBlock[] {
  const shown: PatchBlock[] = [];
  let left = limit;
  for (const block of blocks) {
    if (left <= 0) break;
    shown.push(block.lines.length <= left ? block : { ...block, lines: block.lines.slice(0, left) });
    left -= block.lines.length;
  }
  return shown;
}

/** Up and down go through the lines of a diff, as one stop of the Tab key. */
function moveLine(event: KeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.target instanceof HTMLElement) || !("line" in event.target.dataset))
    return;
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-line]")];
  const next = lines[lines.indexOf(event.target) + step];
  if (next === undefined) return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
