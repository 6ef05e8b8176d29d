import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { numbered, writeLongSession } from "./long-session.ts";
import { log } from "./words.ts";

afterAll(closeBrowser);

const TURNS = 5_000;
/** How far what is read may move when older messages are put before it, in px. */
const MOVED_PX = 2;

/** Goes near the beginning of what is loaded; answers how far the row in the middle moved while an older page came. */
const LEAP = `(async () => {
  const box = document.querySelector('[role=log]');
  const frame = () => new Promise((seen) => requestAnimationFrame(seen));
  const rows = () => [...box.querySelectorAll('[data-index]')];
  const height = box.scrollHeight;
  box.scrollTop = 900;
  for (let left = 3; left > 0; left -= 1) await frame();
  const middle = box.getBoundingClientRect().top + box.clientHeight / 2;
  const anchor = rows().find((row) => row.getBoundingClientRect().bottom > middle);
  const [text, top] = [anchor.textContent, anchor.getBoundingClientRect().top];
  const end = performance.now() + 10000;
  while (box.scrollHeight < height + 500 && performance.now() < end) await frame();
  for (let left = 10; left > 0; left -= 1) await frame();
  const same = rows().find((row) => row.textContent === text);
  return same === undefined ? 9999 : Math.abs(same.getBoundingClientRect().top - top);
})()`;

test("[I-16] 10,000 messages: the newest first, older pages without a jump, and a leap to one that is not loaded", async () => {
  await using on = await stage("long", {}, (root) => writeLongSession(root, TURNS));
  const sessionId = on.prepared;
  const page = await on.open(`/s/${sessionId}`);
  await log(page).getByText(numbered(TURNS)).waitFor();
  const rowsDrawn = await log(page).locator("[data-index]").count();
  expect(rowsDrawn).toBeLessThan(100);

  // Upwards, five pages: what stands in the middle of the window stays where it is when a page comes before it.
  for (let round = 0; round < 5; round += 1) {
    const moved = await page.evaluate<number>(LEAP);
    expect(moved).toBeLessThanOrEqual(MOVED_PX);
  }
  await until(
    "questions of older pages",
    async () =>
      (await log(page)
        .getByText(/question number 48\d\d\./)
        .count()) > 0,
  );

  const { items } = await on.server.client.listMessages(sessionId, { limit: 200 });
  const wanted = items.find(({ parts }) =>
    parts.some((part) => part.type === "text" && part.text === numbered(TURNS - 90)),
  );
  await page.goto(`${on.server.url}/s/${sessionId}?message=${wanted?.info.id}`);
  await page.reload();
  await log(page)
    .getByText(numbered(TURNS - 90))
    .waitFor();
  expect(on.complaints).toEqual([]);
});
