import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { systemClock, wait } from "@holdfast/kernel";
import { parseProcessStat } from "@holdfast/protocol";
import { LAUNCH_ID_VARIABLE } from "./environment.ts";
import type { LiveProcess } from "./identity.ts";
import { argvOf, listPids, statOf } from "./proc.ts";
import { trySignal, type LaunchKey, type ProcessTable } from "./process-table.ts";

/** Environments read at once. */
const READERS = 16;

/** The kernel's PF_KTHREAD: a thread of its own, which has no environment and never will. */
const KERNEL_THREAD = 0x0020_0000;

/** How often, and after how many ms, an environment that reads as empty is read again. */
const EMPTY_READS = 20;
const EMPTY_WAIT_MS = 5;

const MARK = Buffer.from(`${LAUNCH_ID_VARIABLE}=`);
const NUL = 0;

/**
 * `/proc`: finds every process that carries a launch id in its environment, also when it left the group or lost its parent. A zombie has no
 * environment, so it never shows. What may not be read or signalled belongs to another user and is left alone.
 */
export const linuxProcessTable: ProcessTable = {
  reach: "launch-id",
  inspect,
  relatives: (keys) => relativesIn(PROC, keys),
  async signal(pid, key, signal) {
    // Read and signalled in one go: between the two the pid cannot be given to another process for long enough to matter.
    const isOurs =
      launchIdIn(readNow(pid, "environ")) === key.launchId ||
      (pid === key.root?.pid &&
        parseProcessStat(readNow(pid, "stat").toString("latin1"))?.startTime === key.root.startTime);
    if (isOurs) trySignal(pid, signal);
  },
};

async function inspect(pid: number): Promise<LiveProcess | undefined> {
  const [stat, argv] = [await statOf(pid), await argvOf(pid)];
  return stat === undefined ? undefined : { pid, group: stat.group, startTime: stat.startTime, argv };
}

/** The files that are read of every process; a process that is gone rejects. Exported for its test. */
export type ProcFiles = {
  list(): Promise<readonly number[]>;
  environment(pid: number): Promise<Buffer>;
  stat(pid: number): Promise<string>;
};

const PROC: ProcFiles = {
  list: async () => (await listPids()).filter((pid) => pid > 1),
  environment: (pid) => readFile(`/proc/${pid}/environ`),
  stat: (pid) => readFile(`/proc/${pid}/stat`, "latin1"),
};

/** The processes that carry one of the launch ids, by launch id. */
export async function relativesIn(
  proc: ProcFiles,
  keys: readonly LaunchKey[],
): Promise<Map<string, number[]>> {
  const wanted = new Set(keys.map((key) => key.launchId));
  const found = new Map<string, number[]>();
  const next = (await proc.list()).values();
  await Promise.all(
    Array.from({ length: READERS }, async () => {
      for (const pid of next) {
        const environment = await settledEnvironment(proc, pid).catch(() => undefined);
        const launchId = environment === undefined ? undefined : launchIdIn(environment);
        if (launchId === undefined || !wanted.has(launchId)) continue;
        found.set(launchId, [...(found.get(launchId) ?? []), pid]);
      }
    }),
  );
  return found;
}

/** In the middle of an exec a process has no environment; on a busy machine that lasts, and whoever looked away then would leave it alive. */
async function settledEnvironment(proc: ProcFiles, pid: number): Promise<Buffer> {
  for (let reads = 1; ; reads += 1) {
    const environment = await proc.environment(pid);
    if (environment.length > 0 || reads >= EMPTY_READS || !mayExec(await proc.stat(pid))) return environment;
    await wait(systemClock, EMPTY_WAIT_MS);
  }
}

function mayExec(stat: string): boolean {
  const process = parseProcessStat(stat);
  return process !== undefined && (process.flags & KERNEL_THREAD) === 0;
}

function readNow(pid: number, file: "environ" | "stat"): Buffer {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return Buffer.alloc(0);
  }
}

function launchIdIn(environment: Buffer): string | undefined {
  let at = environment.indexOf(MARK);
  while (at > 0 && environment[at - 1] !== NUL) at = environment.indexOf(MARK, at + 1);
  if (at === -1) return undefined;
  const start = at + MARK.length;
  const end = environment.indexOf(NUL, start);
  return environment.toString("latin1", start, end === -1 ? undefined : end);
}
