/**
 * T-10: one session's events to 100 and to 1,000 subscribers. Unpaced: deliveries per second while no more than 64 events are on their way. Paced: CPU of
 * the whole server process, its commits included, per delivery at 200 events/s. Complete and in order, or the run fails.
 * The raw limit: bare `node:http` that writes once-encoded frames (`baseline-sse-process.ts`); each figure at least 0.7 of it.
 */
import { temporaryDirectory } from "../test/harness/index.ts";
import type { FromClient, ToClient } from "./fan-out-client-process.ts";
import { type FeedPlan, type FromServer, REPORT_EVERY, type ToServer } from "./fan-out-feed.ts";
import { Program } from "./forked-program.ts";
import { type Finding, interleave, median, note, worstOf } from "./ratio.ts";

const TARGET = { atLeast: 0.7 } as const;
const REPEATS = 7;
const PER_SECOND = 200;
/** Events of each round: about a second of work, and a multiple of what the client reports. */
const VARIANTS = [
  { subscribers: 100, warmUp: 1_600, unpaced: 4_800, paced: 400 },
  { subscribers: 1_000, warmUp: 160, unpaced: 480, paced: 400 },
] as const;

type Load = (typeof VARIANTS)[number];
type Side = "product" | "baseline";
const PROGRAMS: Record<Side, URL> = {
  product: new URL("./fan-out-product-process.ts", import.meta.url),
  baseline: new URL("./baseline-sse-process.ts", import.meta.url),
};
const CLIENT = new URL("./fan-out-client-process.ts", import.meta.url);

type FannedOut = {
  deliveriesPerSecond: number;
  cpuUsPerDelivery: number;
  mainUsPerDelivery: number;
  paceKept: number;
};

async function fanOut(side: Side, load: Load): Promise<FannedOut> {
  await using directory = await temporaryDirectory("bench-fan-out");
  await using server = new Program<ToServer>(PROGRAMS[side], directory.path);
  const ready = await server.expect((message: FromServer) =>
    message.type === "ready" ? message : undefined,
  );
  await using client = new Program<ToClient>(CLIENT);
  client.send({ type: "open", url: ready.url, token: ready.token, subscribers: load.subscribers });
  await client.expect((message: FromClient) => {
    if (message.type === "fault") throw new Error(message.message);
    return message.type === "opened" ? true : undefined;
  });
  let published = 0;
  const round = async (plan: FeedPlan) => {
    const before = published;
    published += plan.events;
    const complete = client.expect((message: FromClient) => {
      if (message.type === "fault") throw new Error(`${side}: ${message.message}`);
      if (message.type !== "reached") return undefined;
      server.send({ type: "reached", events: message.events - before });
      return message.events === published ? true : undefined;
    });
    const start = performance.now();
    server.send({ type: "feed", ...plan });
    await complete;
    const seconds = (performance.now() - start) / 1_000;
    const cpu = server.expect((message: FromServer) => (message.type === "cpu" ? message : undefined));
    server.send({ type: "report" });
    return { seconds, deliveries: plan.events * load.subscribers, ...(await cpu) };
  };
  await round({ events: load.warmUp });
  const unpaced = await round({ events: load.unpaced });
  const paced = await round({ events: load.paced, perSecond: PER_SECOND });
  return {
    deliveriesPerSecond: unpaced.deliveries / unpaced.seconds,
    cpuUsPerDelivery: (paced.processMs * 1_000) / paced.deliveries,
    mainUsPerDelivery: (paced.mainMs * 1_000) / paced.deliveries,
    paceKept: load.paced / paced.seconds / PER_SECOND,
  };
}

export async function bench(): Promise<Finding[]> {
  for (const { warmUp, unpaced, paced } of VARIANTS) {
    const uneven = [warmUp, unpaced, paced].find((events) => events % REPORT_EVERY !== 0);
    if (uneven !== undefined)
      throw new RangeError(`A round of ${uneven} events would never be reported complete.`);
  }
  const variants: Finding[] = [];
  for (const load of VARIANTS) variants.push(...(await variantsOf(load)));
  return [...variants, worstOf("T-10", variants)];
}

async function variantsOf(load: Load): Promise<Finding[]> {
  const pairs = await interleave(
    REPEATS,
    () => fanOut("product", load),
    () => fanOut("baseline", load),
  );
  const name = `T-10/${load.subscribers}`;
  describe(
    `${name} product`,
    pairs.map(({ product }) => product),
  );
  describe(
    `${name} raw limit`,
    pairs.map(({ limit }) => limit),
  );
  return [
    {
      name: `${name}-unpaced`,
      ratios: pairs.map(({ product, limit }) => product.deliveriesPerSecond / limit.deliveriesPerSecond),
      target: TARGET,
    },
    {
      name: `${name}-cpu-per-delivery`,
      ratios: pairs.map(({ product, limit }) => limit.cpuUsPerDelivery / product.cpuUsPerDelivery),
      target: TARGET,
    },
  ];
}

function describe(name: string, runs: readonly FannedOut[]): void {
  const middle = (figure: (run: FannedOut) => number): number => median(runs.map(figure));
  const figures = [
    `${(middle((run) => run.deliveriesPerSecond) / 1_000).toFixed(0)}k deliveries/s unpaced`,
    `${middle((run) => run.cpuUsPerDelivery).toFixed(2)} us CPU/delivery at ${PER_SECOND} events/s`,
    `${middle((run) => run.mainUsPerDelivery).toFixed(2)} of it on the main thread`,
    `pace kept ${middle((run) => run.paceKept).toFixed(2)}`,
  ];
  note(`${name}: ${figures.join(", ")}`);
}
