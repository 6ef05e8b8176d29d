/**
 * Finds the `<tag>...</tag>` blocks of a prompt: the context that hosts and agents put around the user's own words.
 *
 * An opening tag counts only as the first or the last thing on its line, so that `WRITE a.html <b>hi</b>` stays one line.
 * Same-named tags nest; an opening tag that is never closed is ordinary text. One pass, linear in the prompt.
 */

/** A piece of a prompt, in order; `inside` is true for the text of a block, which carries no directives but REMEMBER. */
export type PromptSpan = { readonly inside: boolean; readonly text: string };

const TAG = /<(\/?)([A-Za-z][\w.-]*)(?:\s[^<>]*)?>/g;

type Block = {
  readonly start: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly end: number;
};

/** Splits a prompt into text outside and inside of context blocks. The tags themselves belong to neither. */
export function splitContextBlocks(prompt: string): PromptSpan[] {
  const spans: PromptSpan[] = [];
  let at = 0;
  for (const block of outermost(pairTags(prompt))) {
    if (block.start > at) spans.push({ inside: false, text: prompt.slice(at, block.start) });
    spans.push({ inside: true, text: prompt.slice(block.bodyStart, block.bodyEnd) });
    at = block.end;
  }
  if (at < prompt.length) spans.push({ inside: false, text: prompt.slice(at) });
  return spans;
}

function pairTags(prompt: string): Block[] {
  const open = new Map<string, { start: number; end: number }[]>();
  const blocks: Block[] = [];
  for (const match of prompt.matchAll(TAG)) {
    const start = match.index;
    const end = start + match[0].length;
    const name = match[2] ?? "";
    const waiting = open.get(name);
    if (match[1] === "/") {
      const opening = waiting?.pop();
      if (opening) blocks.push({ start: opening.start, bodyStart: opening.end, bodyEnd: start, end });
    } else if (isFirstOnLine(prompt, start) || isLastOnLine(prompt, end)) {
      if (waiting) waiting.push({ start, end });
      else open.set(name, [{ start, end }]);
    }
  }
  return blocks;
}

/** Keeps the blocks that lie in no other one; blocks that overlap without nesting are cut in favour of the earlier start. */
function outermost(blocks: Block[]): Block[] {
  const kept: Block[] = [];
  let end = 0;
  for (const block of blocks.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (block.start < end) continue;
    kept.push(block);
    end = block.end;
  }
  return kept;
}

// Indentation is bounded so that a long run of blanks before many tags stays linear.
const MAX_INDENT = 64;

function isFirstOnLine(text: string, index: number): boolean {
  for (let at = index - 1; at >= index - MAX_INDENT; at -= 1) {
    if (at < 0 || text[at] === "\n") return true;
    if (text[at] !== " " && text[at] !== "\t") return false;
  }
  return false;
}

function isLastOnLine(text: string, index: number): boolean {
  for (let at = index; at <= index + MAX_INDENT; at += 1) {
    if (at >= text.length || text[at] === "\n") return true;
    if (text[at] !== " " && text[at] !== "\t" && text[at] !== "\r") return false;
  }
  return false;
}
