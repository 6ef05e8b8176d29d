import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Session } from "@holdfast/protocol";
import type { Page, Request } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, type Stage, stage } from "./browser.ts";
import { log, message, said, say, slowWords } from "./words.ts";

afterAll(closeBrowser);

const WINDOWS = 8;
/** Streams that may be open at once in one browser, of the six connections that it has. */
const STREAMS = 4;
const WORDS = 150;

/** A session in a directory of its own unless told otherwise, so that no turn waits for another. */
async function sessionOf(on: Stage, title: string, place = title): Promise<Session> {
  const directory = join(on.server.project, place);
  await mkdir(directory, { recursive: true });
  return on.server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all", title });
}

/** How many streams are open; says so anew at every call. */
function countStreams(pages: Iterable<Page>): () => number {
  const open = new Set<Request>();
  for (const page of pages) {
    page.on("request", (request) => {
      if (new URL(request.url()).pathname.endsWith("/events")) open.add(request);
    });
    const end = (request: Request) => void open.delete(request);
    page.on("requestfinished", end).on("requestfailed", end);
    page.on("close", () => {
      for (const request of open) if (request.frame().page() === page) open.delete(request);
    });
  }
  return () => open.size;
}

test("[I-16] eight windows with eight sessions stream at once, hear of everything else, and send; also when those before them are closed", async () => {
  await using on = await stage("many-windows");
  const context = await on.context();
  const sessions = await Promise.all(
    Array.from({ length: WINDOWS }, (_, index) => sessionOf(on, `Work ${index}`)),
  );
  await sessionOf(on, "No news", "News");
  const windows: { page: Page; sessionId: string }[] = [];
  for (const { id: sessionId } of sessions) {
    const page = await on.open(`/s/${sessionId}`, { context });
    await message(page).waitFor();
    windows.push({ page, sessionId });
  }
  const streams = countStreams(windows.map(({ page }) => page));
  await Promise.all(windows.map(({ page }) => page.reload()));
  await Promise.all(windows.map(({ page }) => message(page).waitFor()));

  for (let round = 0; windows.length > 0; round += 1) {
    await Promise.all(windows.map(({ page }) => say(page, `SLOW ${WORDS} 20\nSAY Round ${round} is over.`)));
    await Promise.all(
      windows.map(({ page }) =>
        until("a part of the stream", async () => (await slowWords(page)).length > 5),
      ),
    );
    await sessionOf(on, `News ${round}`, "News");
    await Promise.all(windows.map(({ page }) => page.getByRole("link", { name: `News ${round}` }).waitFor()));
    await Promise.all(windows.map(({ page }) => said(page).getByText(`Round ${round} is over.`).waitFor()));
    for (const { page } of windows) expect(await slowWords(page)).toHaveLength(WORDS);
    expect(streams()).toBeGreaterThan(0);
    expect(streams()).toBeLessThanOrEqual(STREAMS);
    // The oldest windows lead; the next ones must go on without them, in the middle of a turn.
    await Promise.all(windows.map(({ page }) => say(page, `SLOW ${WORDS} 20\nSAY Turn ${round} is over.`)));
    for (const { page } of windows.splice(0, 3)) await page.close();
    await Promise.all(
      windows.map(async ({ page }) => {
        await said(page).getByText(`Turn ${round} is over.`).waitFor();
        expect(await slowWords(page)).toEqual(Array.from({ length: WORDS }, (_, index) => index + 1));
      }),
    );
  }
  expect(on.complaints).toEqual([]);
});

test("[I-16] a hidden window gives its session's stream back, and goes on from where it was when it is seen again", async () => {
  await using on = await stage("hidden-window");
  const { id } = await sessionOf(on, "Work");
  const page = await on.open(`/s/${id}`);
  await message(page).waitFor();
  const ended = page.waitForEvent("requestfailed", (request) => request.url().includes(`${id}/events`));
  const show = (isHidden: boolean) =>
    page.evaluate(`{
      Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} });
      document.dispatchEvent(new Event("visibilitychange"));
    }`);
  await show(true);
  await ended;
  await say(page, `SLOW ${WORDS} 5\nSAY the end`);
  await until(
    "the end of the turn",
    async () => (await on.server.client.listTurns(id)).items[0]?.state === "completed",
  );
  expect(await said(page).count()).toBe(0);
  await show(false);
  await said(page).getByText("the end").waitFor();
  expect(await slowWords(page)).toHaveLength(WORDS);
  expect(on.complaints).toEqual([]);
});

test("[I-16] the same session in eight windows shows the same in all of them", async () => {
  await using on = await stage("one-session-many-windows");
  const context = await on.context();
  const { id } = await sessionOf(on, "Work");
  const pages: Page[] = [];
  for (let left = WINDOWS; left > 0; left -= 1) pages.push(await on.open(`/s/${id}`, { context }));
  await Promise.all(pages.map((page) => message(page).waitFor()));
  const [first] = pages;
  if (first === undefined) throw new Error("There is no window.");
  await say(first, "THINK first\nOUTPUT 3000\nSLOW 100 10\nSAY the end");
  await Promise.all(pages.map((page) => said(page).getByText("the end").waitFor()));
  await until("the same text", async () => {
    const texts = await Promise.all(pages.map((page) => log(page).textContent()));
    return new Set(texts).size === 1;
  });
  expect(on.complaints).toEqual([]);
});
