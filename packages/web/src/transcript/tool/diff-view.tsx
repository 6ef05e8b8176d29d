import { useMemo } from "react";
import { classes, Exact } from "../../design/index.ts";
import { linesOf } from "./diff-lines.ts";

type DiffProps = { diff: { path: string; oldText?: string | undefined; newText: string } };

const SIGNS = { added: "+", removed: "−", same: " ", gap: "⋯" } as const;

/** What a call changes in one file, as the agent reported it. */
export function DiffView({ diff }: DiffProps) {
  const { lines, additions, deletions } = useMemo(() => linesOf(diff.oldText ?? "", diff.newText), [diff]);
  return (
    <figure className="overflow-hidden rounded-sm border border-line bg-surface">
      <figcaption className="flex items-center gap-2 border-b border-line px-2 py-1 font-mono text-xs">
        <Exact text={diff.path} className="min-w-0 flex-1 break-all" />
        <span className="text-good">+{additions}</span>
        <span className="text-danger">−{deletions}</span>
      </figcaption>
      <pre tabIndex={0} dir="ltr" className="max-h-96 overflow-auto py-1 font-mono text-xs leading-5">
        {lines.map((line, index) => (
          <div
            key={index}
            className={classes(
              "flex min-w-max px-2",
              line.kind === "added" && "bg-good-wash",
              line.kind === "removed" && "bg-danger-wash",
              line.kind === "gap" && "text-ink-faint",
            )}
          >
            <span aria-hidden className="w-5 shrink-0 text-ink-faint select-none">
              {SIGNS[line.kind]}
            </span>
            <Exact text={line.text} as="block" className="whitespace-pre" />
          </div>
        ))}
      </pre>
    </figure>
  );
}
