import { temporaryDirectory } from "../test/harness/index.ts";
/**
 * T-1: durable ingestion of streamed turns, through the real recorder and the real store, with 1 and with 10 sessions at once.
 * The raw limit: the same turns, arriving alike, on bare `node:sqlite` (`baseline-sqlite.ts`); at least 0.77 of its turns/s.
 * Beside it, as notes: how far that limit falls behind a thread, and the ratio on a disk whose syncs take as long as a plain one's.
 */
import { openBaseline } from "./baseline-sqlite.ts";
import { openThreadedBaseline } from "./baseline-thread.ts";
import { openProduct } from "./ingestion-product.ts";
import { playTurns, type TurnStore } from "./ingestion-turn.ts";
import { type Finding, interleave, median, note, worstOf } from "./ratio.ts";
import { SYNC_US, underSlowSyncs } from "./slow-fsync.ts";

const TARGET = { atLeast: 0.77 } as const;
const REPEATS = 7;
const EXPLAINING_REPEATS = 3;
/** Turns of all sessions together under slow syncs. */
const SLOW_TURNS = 200;
/** Turns per session before the clock starts, and while it runs. The product's writer is a new thread in each repeat and has to get warm in it. */
const VARIANTS = [
  { name: "1-session", sessions: 1, warmUp: 80, turns: 120 },
  { name: "10-sessions", sessions: 10, warmUp: 20, turns: 40 },
] as const;

type Load = { sessions: number; warmUp: number; turns: number };

export type Ingested = {
  turnsPerSecond: number;
  commitsPerTurn: number;
  /** CPU of the whole process, all threads. */
  cpuMsPerTurn: number;
  rowsPerTurn: Record<string, number>;
};

async function ingest(open: (directory: string) => Promise<TurnStore>, load: Load): Promise<Ingested> {
  await using directory = await temporaryDirectory("bench-ingestion");
  const store = await open(directory.path);
  await playTurns(store, load.sessions, load.warmUp);
  const before = store.work();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await playTurns(store, load.sessions, load.turns);
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const after = store.work();
  await store.close();
  const turns = load.sessions * load.turns;
  const rows = Object.entries(after.rows).map(([table, n]) => [
    table,
    (n - (before.rows[table] ?? 0)) / turns,
  ]);
  return {
    turnsPerSecond: turns / seconds,
    commitsPerTurn: (after.commits - before.commits) / turns,
    cpuMsPerTurn: (user + system) / 1_000 / turns,
    rowsPerTurn: Object.fromEntries(rows) as Record<string, number>,
  };
}

/** The product's side with one session, as T-2 takes it for its limit. */
export const ingestOneSession = (): Promise<Ingested> =>
  ingest((directory) => openProduct(directory, 1), VARIANTS[0]);

export async function bench(): Promise<Finding[]> {
  const variants: Finding[] = [];
  for (const { name, ...load } of VARIANTS) variants.push(await variant(name, load));
  return [...variants, worstOf("T-1", variants)];
}

async function variant(name: string, load: Load): Promise<Finding> {
  const pairs = await interleave(
    REPEATS,
    () => ingest((directory) => openProduct(directory, load.sessions), load),
    () => ingest(openBaseline, load),
  );
  for (const { product, limit } of pairs) requireSameRows(product.rowsPerTurn, limit.rowsPerTurn);
  describe(
    `T-1/${name} product`,
    pairs.map(({ product }) => product),
  );
  describe(
    `T-1/${name} raw limit`,
    pairs.map(({ limit }) => limit),
  );
  await explain(name, load);
  const ratios = pairs.map(({ product, limit }) => product.turnsPerSecond / limit.turnsPerSecond);
  return { name: `T-1/${name}`, ratios, target: TARGET };
}

/** What the distance consists of: the limit behind a thread, and both sides on a disk whose syncs take as long as a plain one's. */
async function explain(name: string, load: Load): Promise<void> {
  const threaded = await interleave(
    EXPLAINING_REPEATS,
    () => ingest(openThreadedBaseline, load),
    () => ingest(openBaseline, load),
  );
  const thread = median(threaded.map(({ product, limit }) => product.turnsPerSecond / limit.turnsPerSecond));
  note(`T-1/${name} the raw limit behind a thread: ratio=${thread.toFixed(2)}`);
  const slow = await interleave(
    EXPLAINING_REPEATS,
    () => underSyncs("product", load),
    () => underSyncs("limit", load),
  );
  const plain = median(slow.map(({ product, limit }) => product / limit));
  note(`T-1/${name} with syncs of ${SYNC_US / 1_000} ms more: ratio=${plain.toFixed(2)}`);
}

async function underSyncs(side: "product" | "limit", { sessions }: Load): Promise<number> {
  await using directory = await temporaryDirectory("bench-ingestion");
  const args = [side, String(sessions), String(SLOW_TURNS / sessions)];
  const options = { directory: directory.path, delayUs: SYNC_US };
  return (await underSlowSyncs<{ perSecond: number }>("ingestion-process.ts", args, options)).measured
    .perSecond;
}

function requireSameRows(product: Record<string, number>, limit: Record<string, number>): void {
  if (JSON.stringify(product) === JSON.stringify(limit)) return;
  throw new Error(
    `The sides stored different rows: ${JSON.stringify(product)} and ${JSON.stringify(limit)}.`,
  );
}

function describe(name: string, runs: readonly Ingested[]): void {
  const middle = (figure: (run: Ingested) => number): string => median(runs.map(figure)).toFixed(1);
  const figures = [
    `${middle((run) => run.turnsPerSecond)} turns/s`,
    `${middle((run) => run.commitsPerTurn)} commits/turn`,
    `${middle((run) => run.cpuMsPerTurn)} ms CPU/turn`,
    `rows/turn ${JSON.stringify(runs[0]?.rowsPerTurn)}`,
  ];
  note(`${name}: ${figures.join(", ")}`);
}
