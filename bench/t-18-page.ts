/**
 * T-18: the page in a real Chromium, on the real server. What it loads first, gzipped, against 130 KB; frames over 50 ms while more than 200 words/s
 * stream into a session of 10,000 messages, at most 5% of all, and what shifts meanwhile, under 0.05; and the time until the newest message of such
 * a session is seen, at most 1.5x that of the page of an empty session, which is opened in turns with it. The first three are ratios of their bounds.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright-core";
import { buildPage } from "../scripts/build/page.ts";
import { closeBrowser, type Stage, stage } from "../test/e2e/browser.ts";
import { numbered, writeLongSession } from "../test/e2e/long-session.ts";
import { said, slowWords } from "../test/e2e/words.ts";
import { until } from "../test/harness/index.ts";
import { type Finding, interleave, median, note, worstOf } from "./ratio.ts";

const PAGE = join(import.meta.dirname, "../packages/web/dist");
/** Bytes in a KB here: the smaller unit makes the tighter bound. */
const KB = 1_000;
const INITIAL_KB = 130;

const LONG_FRAME_MS = 50;
const LONG_FRAMES = 0.05;
const SHIFT = 0.05;
/** Words per second that a run must reach to count. */
const WORDS_PER_SECOND = 200;
/** The directives that stream: the agent's timers are late now and then, so they are set a little faster than asked. */
const streamed = (repeat: number): string => `SAY Stream ${repeat}.\nSLOW 4000 4`;
const WATCH_MS = 8_000;
const STREAM_REPEATS = 5;

const TURNS = 5_000;
const OPEN_REPEATS = 11;
const OPEN_TARGET = { atMost: 1.5 } as const;

/** Size of the scripts that the page names itself: its entry and what that imports statically. */
function initialJs(): Finding {
  const names = (text: string) => [...text.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)];
  const files = names(readFileSync(join(PAGE, "index.html"), "utf8")).map(([, file = ""]) => file);
  const sizes = files.map((file) => gzipSync(readFileSync(join(PAGE, file))).length);
  const kilobytes = sizes.reduce((sum, size) => sum + size, 0) / KB;
  note(`T-18 initial JS: ${kilobytes.toFixed(1)} KB gzipped in ${files.length} files, of ${INITIAL_KB}`);
  return { name: "T-18/initial-js", ratios: [kilobytes / INITIAL_KB], target: { atMost: 1 } };
}

type Smoothness = { frames: number; long: number; worst: number; shift: number; words: number };

/** Counts frames, words and shifts for WATCH_MS. */
const WATCH = `(async () => {
  const words = () => Number([...document.querySelectorAll('[role=log] .prose')].at(-1)?.textContent.match(/\\bw(\\d+)\\s*$/)?.[1] ?? 0);
  let shift = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
  });
  observer.observe({ type: 'layout-shift' });
  const gaps = [];
  const before = words();
  const start = await new Promise(requestAnimationFrame);
  for (let last = start; last - start < ${WATCH_MS}; ) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  observer.disconnect();
  const long = gaps.filter((gap) => gap > ${LONG_FRAME_MS}).length;
  return { frames: gaps.length, long, worst: Math.max(...gaps), shift, words: words() - before };
})()`;

const watch = (page: Page): Promise<Smoothness> => page.evaluate<Smoothness>(WATCH);

function tell(what: string, { frames, long, worst, shift, words }: Smoothness): void {
  const rate = (words / WATCH_MS) * 1_000;
  note(
    `T-18 ${what}: ${frames} frames, ${long} over ${LONG_FRAME_MS} ms, the longest ${worst.toFixed(0)} ms; ${rate.toFixed(0)} words/s; shift ${shift.toFixed(4)}`,
  );
}

/** The same page, with and without a stream; every repeat is a turn of its own. */
async function streaming(on: Stage<unknown>, page: Page, sessionId: string): Promise<Finding[]> {
  const runs: Smoothness[] = [];
  for (let repeat = 0; repeat < STREAM_REPEATS; repeat += 1) {
    tell("idle", await watch(page));
    const { turn } = await on.server.client.admitInput(sessionId, {
      parts: [{ type: "text", text: streamed(repeat) }],
    });
    await said(page).getByText(`Stream ${repeat}.`).waitFor();
    await until("the stream", async () => (await slowWords(page)).length > 50);
    const run = await watch(page);
    tell("streaming", run);
    if (run.words < (WORDS_PER_SECOND * WATCH_MS) / 1_000)
      throw new Error(`Only ${run.words} words came in ${WATCH_MS} ms: nothing was measured.`);
    runs.push(run);
    await on.server.client.cancelTurn(turn.id);
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  }
  return [
    {
      name: "T-18/long-frames",
      ratios: runs.map(({ long, frames }) => long / frames / LONG_FRAMES),
      target: { atMost: 1 },
    },
    { name: "T-18/layout-shift", ratios: runs.map(({ shift }) => shift / SHIFT), target: { atMost: 1 } },
  ];
}

/** Ms from the start of the navigation until the text stands on the page and was painted. */
async function timeToSee(context: BrowserContext, url: string, text: string): Promise<number> {
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "commit" });
  const ms = await page.evaluate<number>(`(async () => {
    const end = performance.now() + 20000;
    while (!document.querySelector('main')?.textContent.includes(${JSON.stringify(text)})) {
      if (performance.now() > end) throw new Error('It never came.');
      await new Promise(requestAnimationFrame);
    }
    await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
    return performance.now();
  })()`);
  await page.close();
  return ms;
}

async function opening(on: Stage<unknown>, context: BrowserContext, sessionId: string): Promise<Finding> {
  const empty = await on.server.client.createSession({ directory: on.server.project, agent: "rehearsal" });
  const openLong = () => timeToSee(context, `${on.server.url}/s/${sessionId}`, numbered(TURNS));
  const openEmpty = () => timeToSee(context, `${on.server.url}/s/${empty.id}`, "Say what you want done");
  await openLong();
  await openEmpty();
  const pairs = await interleave(OPEN_REPEATS, openLong, openEmpty);
  const middle = (side: "product" | "limit") => median(pairs.map((pair) => pair[side])).toFixed(0);
  note(
    `T-18 first message of ${2 * TURNS}: ${middle("product")} ms; an empty session: ${middle("limit")} ms`,
  );
  return {
    name: "T-18/first-message",
    ratios: pairs.map(({ product, limit }) => product / limit),
    target: OPEN_TARGET,
  };
}

export async function bench(): Promise<Finding[]> {
  await buildPage({ isForced: false });
  try {
    await using on = await stage("bench-page", { HOLDFAST_LOG_LEVEL: "warn" }, (root) =>
      writeLongSession(root, TURNS),
    );
    // What shifts is a figure here, not a failure.
    on.isSteadinessDemanded = false;
    const context = await on.context({ reducedMotion: "no-preference" });
    const page = await on.open(`/s/${on.prepared}`, { context });
    await page.getByRole("log").getByText(numbered(TURNS)).waitFor();
    await until("the list of sessions", async () => (await page.getByText("A long session").count()) > 1);
    const opened = await opening(on, context, on.prepared);
    const variants = [initialJs(), ...(await streaming(on, page, on.prepared)), opened];
    return [...variants, worstOf("T-18", variants)];
  } finally {
    await closeBrowser();
  }
}
