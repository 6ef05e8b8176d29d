/**
 * S-19: one shared session and 1,000 live viewers, all of them over server-sent events, and half of them over WebSockets. Per event, each a commit of its own: CPU of
 * the service, and the delay from the call that appends it until the last viewer has it. The raw limit: bare `node:http` that writes the same bytes, encoded once, to as many
 * viewers over server-sent events, and stores nothing (`baseline-viewers-process.ts`). Complete and in order, or the run fails.
 */
import { setTimeout as delay } from "node:timers/promises";
import { randomHex } from "@holdfast/kernel";
import { startShareService, temporaryDirectory } from "../test/harness/index.ts";
import type { FromBaseline } from "./baseline-viewers-process.ts";
import { Program } from "./forked-program.ts";
import { exactProcessTime, memoryOf } from "./process-cpu.ts";
import { type Finding, interleave, median, note, type Target } from "./ratio.ts";
import { ShareAuthor } from "./share-author.ts";
import type { FromViewers, ToViewers } from "./share-viewers-process.ts";

const CPU = { atLeast: 0.7 } as const;
const DELAY = { atMost: 1.5 } as const;
const MEMORY = { atMost: 1.5 } as const;

const VIEWERS = new URL("./share-viewers-process.ts", import.meta.url);
const BASELINE = new URL("./baseline-viewers-process.ts", import.meta.url);
const TEXT = "twenty bytes of text";

type Size = { viewers: number; warmUp: number; events: number; perSecond: number; repeats: number };
const WHOLE: Size = { viewers: 1_000, warmUp: 40, events: 100, perSecond: 20, repeats: 5 };
export const QUICK: Size = { viewers: 12, warmUp: 2, events: 5, perSecond: 100, repeats: 1 };

type Kinds = { sse: number; webSockets: number };

/** Who takes events, and gives them to viewers. */
type Side = AsyncDisposable & { pid: number; url: string; author: ShareAuthor };

type Watched = {
  cpuUsPerEvent: number;
  /** Median of the events. */
  delayMs: number;
  bytesPerViewer: number;
};

async function openService(): Promise<Side> {
  const open = new AsyncDisposableStack();
  const directory = open.use(await temporaryDirectory("bench-viewers"));
  const key = randomHex(32);
  const service = open.use(await startShareService(directory.path, key));
  const author = new ShareAuthor(service.url);
  await author.open(key);
  const url = `${service.url}/api/shares/${author.shareId}/events`;
  return { pid: service.pid, url, author, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

async function openBaseline(): Promise<Side> {
  const server = new Program<never>(BASELINE);
  const { url } = await server.expect((message: FromBaseline) => message);
  return {
    pid: server.pid,
    url: `${url}/`,
    author: new ShareAuthor(url),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function watch(open: () => Promise<Side>, { sse, webSockets }: Kinds, size: Size): Promise<Watched> {
  await using side = await open();
  await using viewers = new Program<ToViewers>(VIEWERS);
  const told = <R>(pick: (message: FromViewers) => R | undefined): Promise<R> =>
    viewers.expect((message: FromViewers) => {
      if (message.type === "fault") throw new Error(message.message);
      return pick(message);
    });
  const { author, pid, url } = side;
  for (let event = 0; event < size.warmUp; event += 1) await author.grow(TEXT);
  const empty = memoryOf(pid);
  const opened = told(({ type }) => (type === "opened" ? true : undefined));
  viewers.send({ type: "open", url, token: author.link.secret, sse, webSockets });
  await opened;
  let sent = 0;
  const round = async (events: number): Promise<{ delays: number[]; cpuMs: number }> => {
    const reached = told((message) => (message.type === "reached" ? message.times : undefined));
    sent += events;
    viewers.send({ type: "await", events: sent });
    const before = exactProcessTime(pid);
    const starts = await appendPaced(author, events, size.perSecond);
    const times = await reached;
    const delays = times.map((time, at) => time - (starts[at] ?? 0));
    return { delays, cpuMs: exactProcessTime(pid) - before };
  };
  await round(size.warmUp);
  const { delays, cpuMs } = await round(size.events);
  return {
    cpuUsPerEvent: (cpuMs * 1_000) / size.events,
    delayMs: median(delays),
    bytesPerViewer: (memoryOf(pid) - empty) / (sse + webSockets),
  };
}

/** Answers when each call began, in ms since the epoch. */
async function appendPaced(author: ShareAuthor, events: number, perSecond: number): Promise<number[]> {
  const begin = performance.now();
  const starts: number[] = [];
  for (let event = 0; event < events; event += 1) {
    await delay(Math.max(0, begin + (event * 1_000) / perSecond - performance.now()));
    starts.push(performance.timeOrigin + performance.now());
    await author.grow(TEXT);
  }
  return starts;
}

export async function bench(size: Size = WHOLE): Promise<Finding[]> {
  const { viewers } = size;
  const half = Math.floor(viewers / 2);
  return [
    ...(await variant("sse", { sse: viewers, webSockets: 0 }, size)),
    ...(await variant("mixed", { sse: viewers - half, webSockets: half }, size)),
  ];
}

async function variant(name: string, kinds: Kinds, size: Size): Promise<Finding[]> {
  const pairs = await interleave(
    size.repeats,
    () => watch(openService, kinds, size),
    () => watch(openBaseline, { sse: size.viewers, webSockets: 0 }, size),
  );
  describe(
    `S-19/${name} product`,
    pairs.map(({ product }) => product),
  );
  describe(
    `S-19/${name} raw limit`,
    pairs.map(({ limit }) => limit),
  );
  const finding = (
    what: string,
    ratio: (pair: (typeof pairs)[number]) => number,
    target: Target,
  ): Finding => ({
    name: `S-19/${name}-${what}`,
    ratios: pairs.map(ratio),
    target,
  });
  return [
    finding("cpu-per-event", ({ product, limit }) => limit.cpuUsPerEvent / product.cpuUsPerEvent, CPU),
    finding("delay-to-the-last", ({ product, limit }) => product.delayMs / limit.delayMs, DELAY),
    finding(
      "memory-per-viewer",
      ({ product, limit }) => product.bytesPerViewer / limit.bytesPerViewer,
      MEMORY,
    ),
  ];
}

function describe(name: string, runs: readonly Watched[]): void {
  const middle = (figure: (run: Watched) => number): number => median(runs.map(figure));
  const figures = [
    `${middle((run) => run.cpuUsPerEvent).toFixed(0)} us CPU/event`,
    `${middle((run) => run.delayMs).toFixed(1)} ms from append to the last viewer`,
    `${(middle((run) => run.bytesPerViewer) / 1_024).toFixed(1)} KiB/viewer`,
  ];
  note(`${name}: ${figures.join(", ")}`);
}
