import { cutText, type TextKind, visiblePieces } from "@holdfast/protocol";
import { useState } from "react";
import { classes } from "./class-names.ts";
import { useIsStatic } from "./static.tsx";

const MARKED = {
  "data-mark": true,
  title: "Would not be seen",
  className:
    "rounded-sm bg-attention-wash px-0.5 font-mono text-[0.85em] whitespace-nowrap text-attention ring-1 ring-attention/50",
};

type ExactProps = { text: string; as?: TextKind; className?: string };

/** Text that somebody decides by, with a mark for each character that would not be seen (I-23). Code and paths run from left to right, words as they do. */
export function Exact({ text, as = "line", className }: ExactProps) {
  return (
    <bdi dir={as === "words" ? "auto" : "ltr"} className={className}>
      {visiblePieces(text, as).map((piece, index) =>
        piece.kind === "plain" ? (
          piece.text
        ) : (
          <span key={index} {...(piece.kind === "mark" ? MARKED : { className: "unturned" })}>
            {piece.text}
          </span>
        ),
      )}
    </bdi>
  );
}

/** What is drawn of a text until somebody wants all of it. */
const SHOWN = { characters: 800, lines: 12 };

/** The same for a text of any length: its beginning, how much is left out, its end, and a button that shows all. */
export function ExactText({ characters, className, ...exact }: ExactProps & { characters?: number }) {
  const { text, as = "block" } = exact;
  const isStatic = useIsStatic();
  const [isWhole, setWhole] = useState(false);
  const cut =
    isWhole || isStatic ? undefined : cutText(text, { ...SHOWN, ...(characters && { characters }) });
  const layout = classes("whitespace-pre-wrap [overflow-wrap:anywhere]", className);
  if (cut === undefined) return <Exact text={text} as={as} className={layout} />;
  return (
    <span className={layout}>
      <Exact text={cut.head} as={as} />
      <button
        type="button"
        onClick={() => setWhole(true)}
        className="mx-1 rounded-sm border border-line-strong bg-surface px-1.5 font-sans text-xs font-medium text-accent hover:bg-hover pointer-coarse:min-h-11"
      >
        {cut.left.toLocaleString()} more characters: show all
      </button>
      <Exact text={cut.tail} as={as} />
    </span>
  );
}
