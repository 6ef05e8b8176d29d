import { memo, useState } from "react";
import remend from "remend";
import { type Block, BlockSplitter } from "./blocks.ts";
import { CodeBlock } from "./code-block.tsx";
import { htmlOf } from "./html.ts";

/** A block of more characters than this is shown as it is written: markdown of that size is a data dump, and parsing it would stop the page. */
const PLAIN_LENGTH = 100_000;

/** Markdown, block by block. While `isOpen` the last block is completed as far as it can be known. */
export const Markdown = memo(function Markdown({ text, isOpen }: { text: string; isOpen: boolean }) {
  const [splitter] = useState(() => new BlockSplitter());
  const blocks = splitter.split(text).filter(({ token }) => token.type !== "space");
  return (
    <div className="prose">
      {blocks.map((block, index) => (
        <BlockView key={block.key} block={block} isTail={isOpen && index === blocks.length - 1} />
      ))}
    </div>
  );
});

const BlockView = memo(
  function BlockView({ block, isTail }: { block: Block; isTail: boolean }) {
    const { token } = block;
    if (block.raw.length > PLAIN_LENGTH)
      return (
        <pre dir="auto" className="whitespace-pre-wrap">
          {block.raw}
        </pre>
      );
    if (token.type === "code") {
      const isFenceOpen = isTail && !/\n\s*(?:```+|~~~+)\s*$/.test(block.raw);
      return (
        <CodeBlock
          code={String(token["text"])}
          language={String(token["lang"] ?? "").split(/\s/)[0] ?? ""}
          isOpen={isFenceOpen}
        />
      );
    }
    const html = htmlOf(isTail ? { ...token, raw: remend(block.raw, { images: false }) } : token);
    return <div dir="auto" dangerouslySetInnerHTML={{ __html: html }} />;
  },
  (before, now) =>
    before.block.raw === now.block.raw &&
    before.isTail === now.isTail &&
    before.block.token.type === now.block.token.type,
);
