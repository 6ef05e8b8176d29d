/**
 * Markdown of agents as safe HTML. Raw HTML is shown as the text it is; images are links, so that nothing is loaded from elsewhere (I-6);
 * DOMPurify stands behind both, because a parser has bugs.
 */
import DOMPurify from "dompurify";
import { Marked, type Token } from "marked";

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

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  // Code in a sentence neither turns it nor is turned by it.
  if (node.tagName === "CODE") node.setAttribute("dir", "ltr");
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

const ALLOWED = {
  ALLOWED_TAGS:
    "a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup table tbody td th thead tr ul".split(
      " ",
    ),
  ALLOWED_ATTR: ["href", "align", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
};

/** The HTML of one block. */
export function htmlOf(token: Token): string {
  return purify.sanitize(marked.parser([inline(token)]), ALLOWED);
}

/** The lexer of blocks leaves inline text for later; here it is read. */
function inline(token: Token): Token {
  return marked.lexer(token.raw).find(({ type }) => type !== "space") ?? token;
}
