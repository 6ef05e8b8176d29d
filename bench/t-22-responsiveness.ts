/**
 * T-22: reads of a session through HTTP while the server has trouble elsewhere, beside the same reads of the same server in quiet, in turns: a disk that
 * stalls may cost their median 2x at most. While an agent of another session floods, one read in a hundred may take longer than a second; there the ratio
 * is of that bound.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { SessionId } from "@holdfast/protocol";
import { buildPreload } from "../test/environment/preload.ts";
import { ended, say, sessionOn } from "../test/environment/session-work.ts";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../test/harness/index.ts";
import { type Finding, median, note, worstOf } from "./ratio.ts";

const REPEATS = 5;
const READS = 100;
const PAUSE_MS = 10;
const STALLED = { atMost: 2 } as const;
const BOUND_MS = 1_000;
/** A word each, one tool's growing output, and one line of a megabyte after the other. */
const FLOODS = {
  words: "SLOW 20000 0",
  updates: "UPDATES 4000 2000",
  lines: Array.from({ length: 40 }, () => "OUTPUT 1000000").join("\n"),
};

/** How long reads take in ms, one after the other, while `goesOn`; at least one. */
async function times(server: HoldfastProcess, id: SessionId, goesOn: (reads: number) => boolean) {
  const found: number[] = [];
  do {
    const begun = performance.now();
    await server.client.getSession(id);
    found.push(performance.now() - begun);
    await delay(PAUSE_MS);
  } while (goesOn(found.length));
  return found;
}

const some = (server: HoldfastProcess, id: SessionId) => times(server, id, (reads) => reads < READS);

const p99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY;

async function stalled(): Promise<Finding> {
  await using root = await temporaryDirectory("bench-stalled");
  const signs = join(root.path, "signs");
  await mkdir(signs);
  const environment = { LD_PRELOAD: buildPreload("bad-disk", root.path), BAD_DISK: signs };
  await using server = await startHoldfast({ root: root.path, environment });
  const { id } = await sessionOn(server);
  await some(server, id);
  const ratios: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const quiet = median(await some(server, id));
    await writeFile(join(signs, "stalled"), "");
    const admitted = say(server, id, "SAY after the stall");
    await until("a health that tells", async () => (await server.client.health()).status === "degraded");
    const during = median(await some(server, id));
    await rm(join(signs, "stalled"));
    await ended(server, (await admitted).turn.id);
    note(`T-22/stalled: a read takes ${quiet.toFixed(2)} ms, ${during.toFixed(2)} ms while the disk stalls`);
    ratios.push(during / quiet);
  }
  return { name: "T-22/stalled-disk", ratios, target: STALLED };
}

async function flooded(name: keyof typeof FLOODS): Promise<Finding> {
  await using root = await temporaryDirectory("bench-flood");
  await using server = await startHoldfast({ root: root.path });
  const other = (await sessionOn(server, "other")).id;
  const { id } = await sessionOn(server, "flooded");
  await some(server, other);
  const ratios: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const quiet = p99(await some(server, other));
    const { turn } = await say(server, id, FLOODS[name]);
    let isOver = false;
    const end = ended(server, turn.id).finally(() => (isOver = true));
    const during = await times(server, other, () => !isOver);
    const { state } = await end;
    if (state !== "completed") throw new Error(`The turn that floods ended as ${state}.`);
    note(
      `T-22/${name}: p99 of ${during.length} reads ${p99(during).toFixed(1)} ms, in quiet ${quiet.toFixed(1)} ms`,
    );
    ratios.push(p99(during) / BOUND_MS);
  }
  return { name: `T-22/${name}`, ratios, target: { atMost: 1 } };
}

export async function bench(): Promise<Finding[]> {
  const scenes: Finding[] = [await stalled()];
  for (const name of ["words", "updates", "lines"] as const) scenes.push(await flooded(name));
  // Of the scenes the one that is farthest from its target stands for all.
  return [...scenes, worstOf("T-22", scenes)];
}
