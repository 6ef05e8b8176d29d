import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { log, said, say } from "./words.ts";

afterAll(closeBrowser);

/** Lines that an agent says; what they would do is set `window.owned` or load something. */
const LINES = [
  "<img src=x onerror='window.owned=1'>",
  "<script>window.owned=1</script>",
  "<svg onload='window.owned=1'><a xlink:href='javascript:window.owned=1'>svg</a></svg>",
  "![remote](http://evil.test/pixel.png) and ![inline](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5vd25lZD0xIi8+)",
  "[click](javascript:window.owned=1) [data](data:text/html,<script>window.owned=1</script>) [fine](https://example.com)",
  "<iframe src='http://evil.test'></iframe><form action='http://evil.test'><input name=q></form>",
  "<a href='http://evil.test' style='position:fixed;inset:0'>cover</a><style>*{display:none}</style>",
];

test("[I-15, I-6] hostile markdown, HTML, names and output are shown as text, load nothing, and do not freeze the page", async () => {
  await using on = await stage("hostile-content");
  const name = "<img src=x onerror=window.owned=1>.txt";
  await mkdir(on.server.project, { recursive: true });
  await writeFile(join(on.server.project, name), "content");
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    approvalMode: "all",
    title: "<img src=x onerror=window.owned=1>",
  });
  const page = await on.open(`/s/${session.id}`);
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== on.server.url)
      elsewhere.push(request.url());
  });
  const turnsAreOver = (count: number) =>
    until(`${count} turns`, async () => {
      const { items } = await on.server.client.listTurns(session.id, { limit: 50 });
      return items.length === count && items.every(({ state }) => state === "completed");
    });
  for (const [index, line] of LINES.entries()) {
    await say(page, `SAY ${line}\nSAY done`);
    await turnsAreOver(index + 1);
  }
  await say(
    page,
    `READ ${name}\nBASH printf '\\033]0;owned\\007\\033[2J<script>window.owned=1</script>\\r\\n'\nOUTPUT 5000000\nSAY after the output`,
  );
  await turnsAreOver(LINES.length + 1);
  await said(page).getByText("after the output").waitFor();
  // Upwards through everything, so that every row has been drawn.
  const drawn = await page.evaluate<{ protocols: string[]; live: string[] }>(`(async () => {
    const box = document.querySelector('[role=log]');
    const [protocols, live] = [new Set(), new Set()];
    for (let at = box.scrollHeight; at > -500; at -= 400) {
      box.scrollTop = at;
      for (let left = 2; left > 0; left -= 1) await new Promise((seen) => requestAnimationFrame(seen));
      for (const link of box.querySelectorAll('.prose a[href]')) protocols.add(link.protocol);
      for (const one of box.querySelectorAll('img, script, iframe, form, style, [onload], [onerror]')) live.add(one.outerHTML);
    }
    return { protocols: [...protocols].toSorted(), live: [...live] };
  })()`);
  expect(drawn).toEqual({ protocols: ["http:", "https:"], live: [] });
  expect(await page.evaluate("window.owned")).toBeUndefined();
  expect(elsewhere).toEqual([]);
  await log(page).getByText("<script>window.owned=1</script>").first().waitFor();

  await page.getByRole("button", { name: "To the newest" }).click();
  await said(page).getByText("after the output").waitFor();
  // A line of a megabyte: the page is not stuck meanwhile.
  await say(page, `BASH head -c 1000000 /dev/zero | tr '\\0' x\nSAY the end of the line`);
  const slowest = await page.evaluate<number>(`(async () => {
    let worst = 0;
    const end = performance.now() + 4000;
    while (performance.now() < end) {
      const began = performance.now();
      await new Promise((next) => setTimeout(next, 20));
      worst = Math.max(worst, performance.now() - began);
    }
    return worst;
  })()`);
  expect(slowest).toBeLessThan(15_000);
  await said(page).getByText("the end of the line").waitFor();
  expect(on.complaints).toEqual([]);
});
