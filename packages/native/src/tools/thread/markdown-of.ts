import TurndownService from "turndown";

/** What a page says, without what only a browser needs. */
export function markdownOf(html: string): string {
  const service = new TurndownService({
    headingStyle: "atx",
    codeBlockStyle: "fenced",
    bulletListMarker: "-",
  });
  service.remove([
    "script",
    "style",
    "noscript",
    "iframe",
    "template",
    "link",
    "meta",
    "object",
    "canvas",
    "svg",
  ]);
  return service
    .turndown(html)
    .replace(/!\[[^\]]{0,1000}\]\(data:[^)]{0,100000}\)/g, "")
    .trim();
}
