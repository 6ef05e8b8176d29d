import { rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errorText, silentLogger, wait, type Clock, type Logger } from "@holdfast/kernel";
import type { ProcessRow, Store } from "../store/index.ts";
import { isRecordedRoot, type LiveProcess } from "./identity.ts";
import { TEMPORARY_PREFIX } from "./launch.ts";
import { trySignal, type LaunchKey, type ProcessTable } from "./process-table.ts";
import { STOP_LIMITS } from "./stop-schedule.ts";

export type ReapDeps = {
  store: Pick<Store, "openProcesses" | "recordExit">;
  table: ProcessTable;
  clock: Clock;
  /** Only private directories below it are removed. */
  temporaryRoot: string;
  logger?: Logger | undefined;
  /** Rows of instances that live elsewhere are not ours to reap. */
  isOurs?: ((row: ProcessRow) => boolean) | undefined;
};

/** What a reap did. `spared`: another process has the recorded pid now. `stubborn`: SIGKILL did not help; their rows stay open. */
export type ReapReport = {
  reach: ProcessTable["reach"];
  reaped: { launchId: string; pids: number[] }[];
  spared: { launchId: string; pid: number }[];
  stubborn: { launchId: string; pids: number[] }[];
};

/** Orphans of a dead server mostly ended with their stdin; the others get this long after SIGTERM. */
const TERM_GRACE_MS = 2_000;
const LOOK_AGAIN_MS = 50;

/** What to do about one open row. Pure: `relatives` carry its launch id, `live` is what has its pid now. */
export function decideReap(
  row: ProcessRow,
  live: LiveProcess | undefined,
  relatives: readonly number[],
): { end: number[]; group: number | undefined; spare: number | undefined } {
  const isRoot = live !== undefined && (relatives.includes(live.pid) || isRecordedRoot(row, live));
  const end = isRoot && !relatives.includes(live.pid) ? [...relatives, live.pid] : [...relatives];
  return {
    end,
    group: isRoot && live.group === row.group ? row.group : undefined,
    spare: live !== undefined && !isRoot ? live.pid : undefined,
  };
}

/**
 * Ends what earlier servers left behind: every process that carries the launch id of an open row, and the recorded root by pid, start
 * time and arguments. Closes the rows and removes their temporary directories. Never looks at names or ports.
 */
export async function reapLeftovers(deps: ReapDeps): Promise<ReapReport> {
  const rows = (await deps.store.openProcesses()).filter(deps.isOurs ?? (() => true));
  const report: ReapReport = { reach: deps.table.reach, reaped: [], spared: [], stubborn: [] };
  const touched = new Map<string, Set<number>>();
  const spared = new Map<string, number>();
  const start = deps.clock.monotonic();
  let open = rows;
  for (;;) {
    const elapsed = deps.clock.monotonic() - start;
    open = await signalOnce(deps, open, elapsed < TERM_GRACE_MS ? "SIGTERM" : "SIGKILL", touched, spared);
    if (open.length === 0 || elapsed > TERM_GRACE_MS + STOP_LIMITS.killDeadlineMs) break;
    await wait(deps.clock, LOOK_AGAIN_MS);
  }
  const stubborn = new Set(open.map((row) => row.launchId));
  for (const row of rows) {
    const { launchId } = row;
    const pids = [...(touched.get(launchId) ?? [])];
    const sparedPid = spared.get(launchId);
    if (sparedPid !== undefined) report.spared.push({ launchId, pid: sparedPid });
    if (stubborn.has(launchId)) {
      report.stubborn.push({ launchId, pids });
      continue;
    }
    if (pids.length > 0) report.reaped.push({ launchId, pids });
    await closeRow(deps, row);
  }
  return report;
}

/** Signals what is alive of each row; answers the rows that had anything. */
async function signalOnce(
  deps: ReapDeps,
  rows: readonly ProcessRow[],
  signal: NodeJS.Signals,
  touched: Map<string, Set<number>>,
  spared: Map<string, number>,
): Promise<ProcessRow[]> {
  if (rows.length === 0) return [];
  const relatives = await deps.table.relatives(rows.map(keyOf));
  const busy: ProcessRow[] = [];
  for (const row of rows) {
    const live = row.pid === undefined ? undefined : await deps.table.inspect(row.pid);
    const { end, group, spare } = decideReap(row, live, relatives.get(row.launchId) ?? []);
    if (spare !== undefined) spared.set(row.launchId, spare);
    if (end.length === 0) continue;
    busy.push(row);
    const seen = touched.get(row.launchId) ?? new Set();
    touched.set(row.launchId, seen);
    for (const pid of end) seen.add(pid);
    if (group !== undefined) trySignal(-group, signal);
    for (const pid of end) await deps.table.signal(pid, keyOf(row), signal);
  }
  return busy;
}

function keyOf(row: ProcessRow): LaunchKey {
  const { launchId, pid, startTime } = row;
  return pid === undefined || startTime === undefined ? { launchId } : { launchId, root: { pid, startTime } };
}

async function closeRow(deps: ReapDeps, row: ProcessRow): Promise<void> {
  const directory = row.temporaryDirectory;
  if (directory !== undefined && isPrivateDirectory(directory, deps.temporaryRoot)) {
    await rm(directory, { recursive: true, force: true }).catch((error: unknown) =>
      (deps.logger ?? silentLogger).warn({ directory, error: errorText(error) }, "a directory stays"),
    );
  }
  await deps.store.recordExit({ launchId: row.launchId });
}

/** A damaged row must never make us delete somebody's files. */
function isPrivateDirectory(directory: string, temporaryRoot: string): boolean {
  return dirname(directory) === temporaryRoot && basename(directory).startsWith(TEMPORARY_PREFIX);
}
