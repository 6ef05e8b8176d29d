/**
 * Markdown of agents as safe HTML. Raw HTML is shown as the text it is; images are links, so that nothing is loaded from elsewhere (I-6);
 * what it makes is sanitized, because a parser has bugs.
 */
import { Marked, type Token } from "marked";
import { sanitize } from "./sanitize.ts";

const escapes: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    image: ({ href, text }) =>
      `<a href="${escapeHtml(href)}">${escapeHtml(text === "" ? "image" : text)}</a>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** The HTML of one block. */
export function htmlOf(token: Token): string {
  return sanitize(marked.parser([inline(token)]));
}

/** The lexer of blocks leaves inline text for later; here it is read. */
function inline(token: Token): Token {
  return marked.lexer(token.raw).find(({ type }) => type !== "space") ?? token;
}
