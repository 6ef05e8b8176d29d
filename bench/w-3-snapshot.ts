/**
 * W-3: a snapshot of 20,000 files with 20 changes, from finding the repository to a ref on the disk, beside what git takes to bring the same files into a
 * fresh index (`read-tree HEAD`, then `add -A`), which is how tools without an index of their own look at a checkout. At most 1.5: starting from the user's
 * index saves about half of that, and waiting until some 45 objects and the ref are on the disk, which `add -A` does not, costs it again on a slow one.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, systemClock } from "@holdfast/kernel";
import { GitRunner } from "../packages/server/src/git/index.ts";
import { createSnapshots, type Snapshots, type Watched } from "../packages/server/src/snapshot/index.ts";
import { temporaryDirectory } from "../test/harness/index.ts";
import { type Finding, interleave, note } from "./ratio.ts";

const FILES = 20_000;
const CHANGES = 20;
const PER_DIRECTORY = 100;
const REPEATS = 9;
const TARGET = { atMost: 1.5 } as const;
const run = promisify(execFile);

type Bed = { checkout: string; environment: Record<string, string>; snapshots: Snapshots; watched: Watched };

async function makeBed(base: string): Promise<Bed> {
  const checkout = join(base, "checkout");
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: base,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Bench",
    GIT_AUTHOR_EMAIL: "bench@localhost",
    GIT_COMMITTER_NAME: "Bench",
    GIT_COMMITTER_EMAIL: "bench@localhost",
  };
  await mkdir(checkout);
  for (let at = 0; at < FILES; at += 1) {
    const path = fileOf(checkout, at);
    if (at % PER_DIRECTORY === 0) await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, `file ${at}\n`.repeat(20));
  }
  for (const args of [
    ["init", "--quiet"],
    ["add", "-A"],
    ["commit", "--quiet", "-m", "bench"],
  ])
    await run("git", args, { cwd: checkout, env: environment });
  const git = new GitRunner({
    clock: systemClock,
    logger: silentLogger,
    environment,
    temporary: join(base, "tmp"),
  });
  const snapshots = createSnapshots({ git, dataDirectory: join(base, "data"), home: join(base, "home") });
  const watched = await snapshots.watch({ workspaceId: "wsp_bench", root: checkout });
  if ("off" in watched) throw new Error(watched.off);
  return { checkout, environment, snapshots, watched };
}

const fileOf = (checkout: string, at: number): string =>
  join(checkout, `d${Math.floor(at / PER_DIRECTORY)}`, `f${at}.txt`);

let changes = 0;

/** Contents that no run has seen before. */
async function change({ checkout }: Bed): Promise<void> {
  for (let at = 0; at < CHANGES; at += 1) {
    changes += 1;
    await writeFile(fileOf(checkout, (at * FILES) / CHANGES), `change ${changes}\n`.repeat(20));
  }
}

async function product(bed: Bed): Promise<number> {
  await change(bed);
  const begin = performance.now();
  const watched = await bed.snapshots.watch({ workspaceId: bed.watched.workspaceId, root: bed.checkout });
  if ("off" in watched) throw new Error(watched.off);
  await bed.snapshots.take(watched, `refs/holdfast/snap/bench/${changes}`);
  return performance.now() - begin;
}

async function limit(bed: Bed, base: string): Promise<number> {
  await change(bed);
  const env = { ...bed.environment, GIT_INDEX_FILE: join(base, `index-${changes}`) };
  const begin = performance.now();
  await run("git", ["read-tree", "HEAD"], { cwd: bed.checkout, env });
  await run("git", ["add", "-A"], { cwd: bed.checkout, env });
  return performance.now() - begin;
}

export async function bench(): Promise<Finding[]> {
  await using directory = await temporaryDirectory("bench-snapshot");
  const bed = await makeBed(directory.path);
  await product(bed);
  const pairs = await interleave(
    REPEATS,
    () => product(bed),
    () => limit(bed, directory.path),
  );
  const ratios = pairs.map((pair) => pair.product / pair.limit);
  const all = (side: "product" | "limit") => pairs.map((pair) => pair[side].toFixed(0)).join(" ");
  note(`W-3 ms: snapshot ${all("product")}; git add -A on a fresh index ${all("limit")}`);
  return [{ name: "W-3", ratios, target: TARGET }];
}
