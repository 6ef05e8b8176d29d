/**
 * The ways to a share service side by side (S-11): the same session published over REST, over capnweb in batches and over capnweb on a WebSocket, to one service, in
 * turns. Figures are ratios to REST: operations per second, CPU per operation of both sides, and how often the publisher waited for an answer, per batch.
 */
import { MAX_BATCH_OPS } from "@holdfast/protocol";
import type { Traffic } from "./counting-wire.ts";
import { type Finding, median, note, takeTurns, type Target } from "./ratio.ts";
import type { Way } from "./share-publisher-process.ts";
import { openPublishing, type Published } from "./share-publishing.ts";

const WAYS: readonly Way[] = ["rest", "batch", "webSocket"];
/** A way may cost a quarter more than REST, and no more round trips. */
const OPERATIONS = { atLeast: 0.8 } as const;
const CPU = { atMost: 1.25 } as const;
const ROUND_TRIPS = { atMost: 1 } as const;

type Size = { turns: number; repeats: number };
const WHOLE: Size = { turns: 240, repeats: 7 };
export const QUICK: Size = { turns: 2, repeats: 1 };

type Round = Record<Way, Published>;
type Counted = Record<Way, Published & Traffic>;

const cpuOf = ({ publisherMs, serviceMs, operations }: Published): number =>
  ((publisherMs + serviceMs) * 1_000) / operations;
const speedOf = ({ operations, seconds }: Published): number => operations / seconds;
const batchesOf = ({ operations }: Published): number => Math.ceil(operations / MAX_BATCH_OPS);

export async function bench({ turns, repeats }: Size = WHOLE): Promise<Finding[]> {
  await using publishing = await openPublishing(turns);
  // Connections are made and code is warm afterwards.
  const counted = (await takeTurns(2, WAYS, (way) => publishing.publishCounted(way))).at(-1);
  if (counted === undefined) throw new RangeError("Nothing was counted.");
  const rounds = await takeTurns(repeats, WAYS, (way) => publishing.publish(way));
  for (const way of WAYS) describe(way, rounds, counted);
  return WAYS.flatMap((way) => (way === "rest" ? [] : findingsOf(way, rounds, counted)));
}

function findingsOf(way: Way, rounds: readonly Round[], counted: Counted): Finding[] {
  const against = (figure: (run: Published) => number): number[] =>
    rounds.map((round) => figure(round[way]) / figure(round.rest));
  const finding = (what: string, ratios: number[], target: Target): Finding => ({
    name: `S-11/${way}-${what}`,
    ratios,
    target,
  });
  const roundTrips = counted[way].roundTrips / counted.rest.roundTrips;
  return [
    finding("operations", against(speedOf), OPERATIONS),
    finding("cpu-per-operation", against(cpuOf), CPU),
    finding("round-trips", [roundTrips], ROUND_TRIPS),
  ];
}

function describe(way: Way, rounds: readonly Round[], counted: Counted): void {
  const middle = (figure: (run: Published) => number): string =>
    median(rounds.map((round) => figure(round[way]))).toFixed(0);
  const { roundTrips, bytes, operations } = counted[way];
  const figures = [
    `${middle(speedOf)} operations/s`,
    `CPU per operation ${middle((run) => (run.publisherMs * 1_000) / run.operations)} us of the publisher`,
    `${middle((run) => (run.serviceMs * 1_000) / run.operations)} us of the service`,
    `${roundTrips} round trips for ${batchesOf(counted[way])} batches`,
    `${(bytes / operations).toFixed(0)} bytes an operation`,
  ];
  note(`S-11/${way}: ${figures.join(", ")}`);
}
