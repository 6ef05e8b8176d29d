/** Splits markdown that grows into blocks, of which all but the last stay as they are: only the tail is parsed again (I-16). */
import { Lexer, type Token } from "marked";

export type Block = { key: string; raw: string; token: Token };

const lex = (text: string): Token[] => new Lexer({ gfm: true, breaks: true }).blockTokens(text, []);

export class BlockSplitter {
  #text = "";
  #blocks: Block[] = [];

  /** The blocks of `text`; cheap when it only grew since the last call. */
  split(text: string): readonly Block[] {
    if (text === this.#text) return this.#blocks;
    const kept = text.startsWith(this.#text) ? settled(this.#blocks) : [];
    let length = 0;
    for (const block of kept) length += block.raw.length;
    const blocks = [...kept];
    for (const token of lex(text.slice(length))) {
      blocks.push({ key: String(length), raw: token.raw, token });
      length += token.raw.length;
    }
    this.#text = text;
    this.#blocks = blocks;
    return blocks;
  }
}

/** All before the last block that is not blank: a list or a paragraph may still grow behind blank lines. */
function settled(blocks: readonly Block[]): readonly Block[] {
  const last = blocks.findLastIndex(({ token }) => token.type !== "space");
  return blocks.slice(0, Math.max(0, last));
}
