import { describe, expect, test } from "vitest";
import { sharedRequest, sharedSession, SHARE } from "../../test/shared/fixture.ts";
import { render } from "./render.tsx";

/** What a publisher may put anywhere: each would run a script, load something, leave the page, or break out of where it stands. */
const HOSTILE = [
  "<script>window.owned=1</script>",
  "</script><script>window.owned=1</script>",
  "<img src=x onerror='window.owned=1'>",
  '"><svg onload="window.owned=1">',
  "' autofocus onfocus='window.owned=1",
  "</title></head><body onload=window.owned=1>",
  "<!--<script>window.owned=1</script>",
  "<iframe srcdoc='<script>window.owned=1</script>'></iframe>",
  "<form action=//evil.test><input name=q><button>go</button></form>",
  "<style>*{display:none}</style><link rel=stylesheet href=//evil.test/x.css>",
  "<base href=//evil.test/><meta http-equiv=refresh content='0;url=//evil.test'>",
  "[go](javascript:window.owned=1) [go](data:text/html,<script>1</script>) [go](vbscript:x)",
  "[go](java&#115;cript:window.owned=1) [go](\u0001javascript:window.owned=1)",
  "![x](//evil.test/pixel.png) ![x](data:image/svg+xml;base64,PHN2Zz4=)",
  '[x](https://ok.test/" onmouseover="window.owned=1)',
  "<a href='https://evil.test' style='position:fixed;inset:0' onclick=window.owned=1>cover</a>",
  "```html\n<script>window.owned=1</script>\n```",
  "| a |\n|---|\n| <img src=x onerror=window.owned=1> |",
  "\u001b]8;;javascript:window.owned=1\u0007link\u001b]8;;\u0007\u001b[31m<b onclick=window.owned=1>",
  "{{constructor.constructor('window.owned=1')()}} ${window.owned=1}",
];

/** Tags of a document with their attributes, outside of the one block of facts. */
function tagsOf(document: string): { name: string; attributes: string }[] {
  const outside = document.replace(/<script type="application\/json"[^>]*>[^<]*<\/script>/, "");
  return [...outside.matchAll(/<([a-z][a-z0-9-]*)((?:"[^"]*"|[^">])*)>/gi)].map(
    ([, name = "", attributes = ""]) => ({
      name: name.toLowerCase(),
      attributes,
    }),
  );
}

const ALLOWED_TAGS = new Set(
  "html head meta title link script body div header main section article h1 h2 h3 p span a b bdi ul ol li details summary figure figcaption pre code dl dt dd button svg path line rect circle polyline time blockquote br del em h4 h5 h6 hr i s strong sub sup table tbody td th thead tr".split(
    " ",
  ),
);

describe("documents of shared sessions", () => {
  test("[S-12] what was said, thought, called and changed is in the document, unfolded by the browser", () => {
    const document = render(sharedRequest("said once"));
    expect(document).toMatch(/^<!doctype html><html lang="en">/);
    expect(document.match(/said once/g)?.length).toBeGreaterThan(15);
    expect(document).toContain("<details");
    expect(document).not.toContain("aria-expanded");
    expect(document).toContain('<meta name="robots" content="noindex"/>');
    expect(document).toContain(`?blob=${"ab".repeat(32)}`);
  });

  test.each(HOSTILE)("[S-35] %j stays a text wherever a publisher puts it", (text) => {
    const tags = tagsOf(render(sharedRequest(text)));
    const scripts = tags.filter(({ name }) => name === "script");
    expect(scripts.map(({ attributes }) => attributes)).toEqual([' type="module" src="/assets/main.js"']);
    for (const { name, attributes } of tags) {
      expect(ALLOWED_TAGS).toContain(name);
      const names = [...attributes.replace(/"[^"]*"/g, "").matchAll(/([a-z-]+)=?/gi)].map(([, one = ""]) =>
        one.toLowerCase(),
      );
      expect(names.filter((one) => one.startsWith("on") || one === "srcdoc" || one === "action")).toEqual([]);
      const target = /\shref="([^"]*)"/.exec(attributes)?.[1];
      if (name === "a") expect(target ?? "?").toMatch(/^(?:https?:|mailto:|\?)/i);
      if (name === "a" && /^https?:/i.test(target ?? ""))
        expect(attributes).toContain('rel="noopener noreferrer');
    }
  });

  test("[S-35] what the script is told cannot end its element", () => {
    const document = render({
      page: "tooLong",
      assets: { script: "/assets/main.js", styles: [] },
      shareId: "</script><script>window.owned=1</script>",
    });
    expect(document).toContain("\\u003c/script>\\u003cscript>");
    expect(document.match(/<script/g)).toHaveLength(2);
  });

  test("[S-7] what a service does not show is said to be left out, with its reason", () => {
    const document = render(
      sharedRequest("x", {
        shared: sharedSession("x", {
          omitted: [{ key: "change:chg_00000000000000000000000009", reason: "withheld" }],
        }),
      }),
    );
    expect(document).toContain("it is too large to be shared");
    expect(document).toContain("its owner keeps it back");
  });

  test("[S-15] a link that does not work says the same whyever, and names nothing", () => {
    const document = render({ page: "gone", assets: { script: "/assets/main.js", styles: [] } });
    expect(document).toContain("This link does not work");
    expect(document).not.toContain(SHARE);
  });

  test("[S-12] older messages are a link away", () => {
    const request = sharedRequest("x");
    const document = render({ ...request, messages: { ...request.messages, next: "c&d" }, isOlder: true });
    expect(document).toContain('href="?before=c%26d"');
    expect(document).toContain("To the newest messages");
  });
});
