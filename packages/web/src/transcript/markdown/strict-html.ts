/**
 * HTML of which nothing is let through: words are kept, and each tag that is allowed is written anew with the attributes that are. What is not such a tag is
 * text. Tags are closed in the order in which they were opened, so that nothing reaches beyond its end. Pure; needs no browser (S-35).
 */

export const TAGS: ReadonlySet<string> = new Set(
  "a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup table tbody td th thead tr ul".split(
    " ",
  ),
);
export const ATTRIBUTES: ReadonlySet<string> = new Set(["href", "align", "start"]);
export const LINKS = /^(?:https?:|mailto:)/i;

/** Tags without an end. */
const VOID: ReadonlySet<string> = new Set(["br", "hr"]);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*\/?>/gi;
const ATTRIBUTE = /([a-z-]+)="([^"<>]*)"/gi;

export function strictHtml(html: string): string {
  const open: string[] = [];
  const pieces: string[] = [];
  let end = 0;
  for (const match of html.matchAll(TAG)) {
    pieces.push(words(html.slice(end, match.index)));
    end = match.index + match[0].length;
    const [whole, slash, name = "", given = ""] = match;
    const tag = name.toLowerCase();
    if (!TAGS.has(tag)) pieces.push(words(whole));
    else if (slash === "/") pieces.push(closed(open, tag));
    else {
      pieces.push(`<${tag}${attributesOf(tag, given)}>`);
      if (!VOID.has(tag)) open.push(tag);
    }
  }
  pieces.push(words(html.slice(end)), ...open.toReversed().map((tag) => `</${tag}>`));
  return pieces.join("");
}

/** Closes a tag and what was opened in it; nothing where none is open. */
function closed(open: string[], tag: string): string {
  const at = open.lastIndexOf(tag);
  if (at < 0) return "";
  return open
    .splice(at)
    .toReversed()
    .map((name) => `</${name}>`)
    .join("");
}

function attributesOf(tag: string, given: string): string {
  const kept = [...given.matchAll(ATTRIBUTE)]
    .map(([, name = "", value = ""]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => ATTRIBUTES.has(name) && (name !== "href" || isLink(tag, value)))
    .map(([name, value]) => ` ${name}="${value.replaceAll("'", "&#39;")}"`);
  const always =
    tag === "a" ? ' target="_blank" rel="noopener noreferrer nofollow"' : tag === "code" ? ' dir="ltr"' : "";
  return (
    [...new Map(kept.map((text) => [text.slice(0, text.indexOf("=")), text])).values()].join("") + always
  );
}

/** A scheme that is written with a reference (`java&#115;cript:`) is none of ours. */
const isLink = (tag: string, href: string): boolean => tag === "a" && LINKS.test(href);

const words = (text: string): string => text.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
