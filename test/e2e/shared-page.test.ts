import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedChange, sharedMessages, sharedSession } from "../../packages/web/test/shared/fixture.ts";
import { browser, closeBrowser } from "./browser.ts";
import { PageWatch } from "./page-watch.ts";
import { seriousOf } from "./serious.ts";
import { Publisher, type Row, ShareService } from "./share-service.ts";

/** Texts that would run a script, load something, lead away, or cover the page, wherever a publisher puts them. */
const HOSTILE = [
  "<script>window.owned=1</script>",
  "</script><script>window.owned=1</script><!--",
  "<img src=x onerror='window.owned=1'>",
  "<svg onload='window.owned=1'><a xlink:href='javascript:window.owned=1'>svg</a></svg>",
  "<iframe srcdoc='<script>parent.owned=1</script>'></iframe><form action='http://evil.test'><input name=q></form>",
  "<a href='http://evil.test' style='position:fixed;inset:0'>cover</a><style>*{display:none}</style>",
  "<base href='http://evil.test/'><meta http-equiv=refresh content='0;url=http://evil.test'>",
  "[click](javascript:window.owned=1) [data](data:text/html,<script>1</script>) [fine](https://example.com)",
  "![remote](http://evil.test/pixel.png) ![inline](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5vd25lZD0xIi8+)",
  '" onmouseover="window.owned=1" autofocus onfocus="window.owned=1',
  "\u001b]8;;javascript:window.owned=1\u0007link\u001b]8;;\u0007\u001b[31m<b onclick=window.owned=1>bold</b>",
  "```html\n<script>window.owned=1</script>\n```\n| a |\n|---|\n| <img src=x onerror=window.owned=1> |",
];

let service: ShareService;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  service = await ShareService.start();
});
afterAll(async () => {
  for (const context of contexts) await context.close();
  await closeBrowser();
  await service[Symbol.asyncDispose]();
});

/** A window of a stranger, and what it complained of. */
async function open(path: string, options: BrowserContextOptions = {}) {
  const context = await (await browser()).newContext({ reducedMotion: "reduce", ...options });
  contexts.push(context);
  const watch = new PageWatch();
  if (options.javaScriptEnabled !== false) await watch.join(context);
  const page = await context.newPage();
  const elsewhere: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:" && origin !== service.url) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(service.url + path);
  return { page, elsewhere, complaints: () => [...watch.complaints(), ...errors] };
}

/** What of a document could act, and where its links lead. */
const ALIVE = `(() => {
  const live = document.querySelectorAll('iframe, form, base, meta[http-equiv], embed, object, img, link:not([href^="/"]), body style, body script:not([type="application/json"])');
  const handlers = [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on')));
  const links = [...document.querySelectorAll('a[href]')].map((one) => one.protocol);
  return { live: [...live, ...handlers].map((one) => one.outerHTML), protocols: [...new Set(links)].toSorted() };
})()`;

/** The same at every place of the transcript, so that each row has been drawn. */
const THROUGH = `(async () => {
  const box = document.querySelector('[role=log]');
  const [live, protocols] = [new Set(), new Set()];
  for (let at = box.scrollHeight; at > -500; at -= 400) {
    box.scrollTop = at;
    for (let left = 2; left > 0; left -= 1) await new Promise((seen) => requestAnimationFrame(seen));
    const seen = ${ALIVE};
    for (const one of seen.live) live.add(one);
    for (const one of seen.protocols) protocols.add(one);
  }
  return { live: [...live], protocols: [...protocols].toSorted() };
})()`;

/** Rows with ids of their own, so that several stand in one session. */
const apart = (rows: readonly Row[], index: number): Row[] =>
  JSON.parse(
    JSON.stringify(rows)
      .replaceAll(
        /(msg|prt|chg)_0{20}(\d{6})/g,
        (_, prefix: string, count: string) => `${prefix}_${String(index).padStart(20, "0")}${count}`,
      )
      .replaceAll(
        /"ordinal":([01]),"role"/g,
        (_, ordinal: string) => `"ordinal":${2 * index + Number(ordinal)},"role"`,
      ),
  ) as Row[];

const rowsOf = (text: string): Row[] => [
  { type: "session.updated", payload: { session: sharedSession(text).session } },
  ...sharedMessages(text).flatMap(({ info, parts }): Row[] => [
    { type: "message.updated", payload: { message: info } },
    ...parts
      .filter((part) => !("blob" in part))
      .map((part): Row => ({ type: "message.part.updated", payload: { part } })),
  ]),
  { type: "change.updated", payload: { change: sharedChange(text) } },
];

async function shared(rows: readonly Row[]) {
  const publisher = new Publisher(service);
  await publisher.publish(rows);
  return { publisher, link: `/s/${await publisher.ref(["read"])}` };
}

const live = (page: Page) => page.locator(".h-dvh").waitFor();

describe("the page of a shared session", () => {
  test("[S-35, S-12] whatever a publisher writes stays text, without script and with it", async () => {
    const title = { session: { ...sharedSession("x").session, title: HOSTILE.join(" ") } };
    const { link } = await shared([
      ...HOSTILE.flatMap((text, index) => apart(rowsOf(text), index)),
      { type: "session.updated", payload: title },
    ]);
    const plain = await open(link, { javaScriptEnabled: false });
    const words = (await plain.page.locator("body").textContent()) ?? "";
    for (const text of HOSTILE) expect(words).toContain(text.split(/[\n\u001b]/)[0]);
    expect(plain.elsewhere).toEqual([]);
    const scripted = await open(link);
    await live(scripted.page);
    const seen = await scripted.page.evaluate<{ live: string[]; protocols: string[] }>(THROUGH);
    await scripted.page.getByRole("button", { name: /^Changes/ }).click();
    await scripted.page.getByRole("region", { name: "Changes" }).waitFor();
    const then = await scripted.page.evaluate<{ live: string[]; protocols: string[] }>(ALIVE);
    expect([...seen.live, ...then.live]).toEqual([]);
    expect(seen.protocols).toEqual(["http:", "https:"]);
    expect(await scripted.page.evaluate("window.owned")).toBeUndefined();
    expect(scripted.elsewhere).toEqual([]);
    expect(scripted.complaints()).toEqual([]);
  });

  test("[S-12] the policy stands on every page, nothing keeps it, and a stranger needs no login", async () => {
    const { link } = await shared(rowsOf("said here"));
    for (const path of [link, "/s/unknown", "/l", "/"]) {
      const answer = await fetch(service.url + path);
      expect(answer.headers.get("content-security-policy")).toContain("script-src 'self';");
      expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
      expect(answer.headers.get("x-robots-tag")).toContain("noindex");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  test("[S-12, I-16] has no serious finding of axe, without script and with it, on a phone too", async () => {
    const { link } = await shared(rowsOf("said here"));
    const desk = await open(link);
    await live(desk.page);
    expect(await seriousOf(desk.page)).toEqual([]);
    const phone = await open(link, { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    await live(phone.page);
    expect(await seriousOf(phone.page)).toEqual([]);
    expect(await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    // The document as it is served; axe itself is a script, so the page's own is kept out.
    const page = await (await (await browser()).newContext()).newPage();
    contexts.push(page.context());
    await page.route("**/*.js", (route) => route.abort());
    await page.goto(service.url + link);
    expect(await seriousOf(page)).toEqual([]);
  });

  test("[S-11, S-15] is watched live by a stranger, and gone at once when it is taken back", async () => {
    const { publisher, link } = await shared(rowsOf("said before"));
    const { page, complaints } = await open(link);
    await live(page);
    const part = {
      id: "prt_00000000000000000000000077",
      messageId: "msg_00000000000000000000000002",
      ordinal: 77,
    };
    await publisher.append([
      { type: "message.part.updated", payload: { part: { ...part, type: "text", text: "grows " } } },
    ]);
    await publisher.append([
      {
        type: "message.part.delta",
        payload: { messageId: part.messageId, partId: part.id, field: "text", offset: 6, text: "by itself" },
      },
    ]);
    await page.getByText("grows by itself").waitFor();
    await publisher.revoke();
    await page.getByText("This link does not work").waitFor();
    expect(await page.getByText("grows by itself").count()).toBe(0);
    expect(await page.title()).toBe("Holdfast");
    expect((await page.reload())?.status()).toBe(404);
    await page.getByText("This link does not work").waitFor();
    expect(complaints().filter((text) => !text.includes("404"))).toEqual([]);
  });

  test("[S-14, S-35] a stronger ref comes in the fragment, leaves no trace of itself, and comments", async () => {
    const { publisher, link } = await shared(rowsOf("said here"));
    const reader = await open(link);
    await live(reader.page);
    const secret = await publisher.ref(["read", "comment"], "Ada");
    expect((await fetch(`${service.url}/s/${secret}`)).status).toBe(404);
    const { page } = await open(`/l#${secret}`);
    await live(page);
    expect(page.url()).toBe(`${service.url}/l`);
    expect(await page.evaluate("[localStorage.length, sessionStorage.length]")).toEqual([0, 0]);
    await page.getByRole("button", { name: "Comment" }).first().click();
    await page.getByRole("textbox", { name: "Comment" }).fill("Well <b>done</b>");
    await page.getByRole("button", { name: "Say it" }).click();
    await page.getByRole("article", { name: "Comment of Ada" }).getByText("Well <b>done</b>").waitFor();
    await reader.page.getByRole("article", { name: "Comment of Ada" }).waitFor();
    expect(await reader.page.getByRole("button", { name: "Comment" }).count()).toBe(0);
    await page.reload();
    await page.getByText("Open your link again").waitFor();
  });

  test("[S-35] the list of a publish key opens by a code that works once", async () => {
    const { publisher } = await shared(rowsOf("said here"));
    const { code } = await service.send<{ code: string }>("POST", "/api/auth/codes", service.key, {});
    const { page } = await open(`/#code=${code}`);
    await page.getByText(publisher.shareId).waitFor();
    expect(page.url()).toBe(`${service.url}/`);
    expect(await seriousOf(page)).toEqual([]);
    const again = await open(`/#code=${code}`);
    await again.page.getByText("It could not be read").waitFor();
  });
});
