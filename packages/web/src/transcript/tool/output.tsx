import type { ToolPart } from "@holdfast/protocol";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button, useIsStatic } from "../../design/index.ts";
import { CopyButton } from "../markdown/index.ts";
import { screenOf, SHOWN_LINES } from "./terminal.ts";

/** The output is followed while its end is in sight, this close, in px. */
const FOLLOW_PX = 24;

/** Lines of a static document, where nobody can ask for more. */
const STATIC_LINES = 2_000;

type OutputProps = {
  text: string;
  /** Set when the part holds a part of the output only. */
  truncated: { bytes: number; lines: number } | undefined;
  part: ToolPart;
};

/** A command's output in a window of its own height, at its end until somebody scrolls up. */
export function Output({ text, truncated, part }: OutputProps) {
  const isStatic = useIsStatic();
  const [limit, setLimit] = useState(isStatic ? STATIC_LINES : SHOWN_LINES);
  const screen = useMemo(() => screenOf(text, limit), [text, limit]);
  const box = useRef<HTMLPreElement>(null);
  const isFollowing = useRef(true);
  const isLive = part.state.status === "running";

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && isLive && isFollowing.current) element.scrollTop = element.scrollHeight;
  }, [screen, isLive]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    isFollowing.current = element.scrollHeight - element.scrollTop - element.clientHeight < FOLLOW_PX;
  };
  return (
    <div className="group/output relative">
      {screen.hiddenLines > 0 && isStatic && (
        <p className="px-1 text-xs text-ink-faint">{screen.hiddenLines.toLocaleString()} lines above</p>
      )}
      {screen.hiddenLines > 0 && !isStatic && (
        <Button size="small" tone="quiet" onClick={() => setLimit(limit * 10)}>
          {screen.hiddenLines.toLocaleString()} lines above
        </Button>
      )}
      <pre
        ref={box}
        onScroll={onScroll}
        tabIndex={0}
        dir="ltr"
        aria-label="Output"
        className="terminal max-h-80 overflow-auto rounded-sm px-1 font-mono text-xs leading-5 whitespace-pre-wrap text-(--code-ink) [overflow-wrap:anywhere]"
        dangerouslySetInnerHTML={{ __html: screen.html }}
      />
      {truncated !== undefined && (
        <p className="px-1 pt-1 text-xs text-ink-faint">
          {truncated.bytes === 0
            ? "Shortened: more of it was not published."
            : `Shortened: the whole output has ${truncated.lines.toLocaleString()} lines, ${truncated.bytes.toLocaleString()} bytes.`}
        </p>
      )}
      {!isStatic && (
        <div className="absolute top-0 right-0 opacity-0 group-focus-within/output:opacity-100 group-hover/output:opacity-100 pointer-coarse:opacity-100">
          <CopyButton text={text} />
        </div>
      )}
    </div>
  );
}
