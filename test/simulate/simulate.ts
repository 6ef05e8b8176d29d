/** One seed: publishers, a network and a share service, stepped by hand; then peace, and the judgement. */
import { FakeClock, takeRandomFrom } from "@holdfast/kernel";
import { commandModule as shareModule } from "@holdfast/share";
import { commandModule as storeModule } from "../../packages/server/src/store/sqlite/index.ts";
import { Random } from "../torture/random.ts";
import { emptyDatabase } from "./disk.ts";
import { Tally } from "./faults.ts";
import { World } from "./world.ts";

export type Result = {
  seed: number;
  /** What broke a promise. */
  violations: string[];
  faults: [string, number][];
  steps: number;
  virtualMs: number;
  /** Of all that happened: the same for the same seed. */
  digest: string;
};

/** The first instant of every run, in ms since the epoch. */
const START = 1_800_000_000_000;
/** Real ms in which a seed that has not ended has done nothing: it stands still, however busy the machine is. */
const IDLE_MS = 20_000;
const LOOK_MS = 5_000;

/** Runs a seed. The whole process has its ids and secrets from the seed meanwhile, so one runs at a time. */
export async function simulate(
  seed: number,
  { trace }: { trace?: (line: string) => void } = {},
): Promise<Result> {
  // Before the seed's own randomness, so that it is the same whether others ran before.
  emptyDatabase(storeModule);
  emptyDatabase(shareModule);
  const clock = new FakeClock(START);
  const bytes = new Random(`bytes ${seed}`);
  const giveBack = takeRandomFrom({
    fill: (array) => {
      for (const at of array.keys()) array[at] = bytes.int(0, 255);
    },
    now: () => clock.now(),
  });
  const tally = new Tally();
  const world = new World({ clock, random: new Random(`world ${seed}`), tally, trace });
  const end = Promise.withResolvers<never>();
  const before = performance.eventLoopUtilization();
  const look = setInterval(() => {
    if (performance.eventLoopUtilization(before).idle > IDLE_MS) end.reject(new Error("it stands still"));
  }, LOOK_MS);
  try {
    await Promise.race([world.run(), end.promise]);
  } catch (error) {
    world.violated(
      `the simulation broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  } finally {
    clearInterval(look);
    world.end();
    giveBack();
  }
  const { violations, steps, digest } = world;
  return { seed, violations, faults: [...tally.counts], steps, virtualMs: clock.monotonic(), digest };
}
