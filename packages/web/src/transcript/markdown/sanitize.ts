/** What stands behind the parser of markdown, because a parser has bugs: HTML with nothing in it but words, and links to the web and to mail. */
import DOMPurify from "dompurify";
import { ATTRIBUTES, LINKS, strictHtml, TAGS } from "./strict-html.ts";

function purifier(): (html: string) => string {
  const purify = DOMPurify(window);
  purify.addHook("afterSanitizeAttributes", (node) => {
    // Code in a sentence neither turns it nor is turned by it.
    if (node.tagName === "CODE") node.setAttribute("dir", "ltr");
    if (node.tagName !== "A") return;
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  });
  const allowed = {
    ALLOWED_TAGS: [...TAGS],
    ALLOWED_ATTR: [...ATTRIBUTES],
    ALLOWED_URI_REGEXP: LINKS,
  };
  return (html) => purify.sanitize(html, allowed);
}

/** The browser reads HTML as it will be read again; where a document is written without one (S-12), every tag is written anew. */
export const sanitize: (html: string) => string = import.meta.env.SSR ? strictHtml : purifier();
