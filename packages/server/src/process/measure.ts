import { execFile } from "node:child_process";
import type { InstanceId, SessionId } from "@holdfast/protocol";
import type { Store } from "../store/index.ts";
import { memoryOf } from "./proc.ts";
import type { ProcessTable } from "./process-table.ts";

/** What the processes of one launch take: resident memory, in bytes. Pages that they share count for each. */
export type LaunchMemory = { sessionId: SessionId; agent: string; pid: number; bytes: number };

/** `ps` answers in milliseconds; one that hangs must not hold up the next look. */
const PS_TIMEOUT_MS = 5_000;

/** Reads what every launch of this server takes now, its descendants included. A launch that just ended is absent. */
export async function measureLaunches(deps: {
  store: Pick<Store, "openProcesses">;
  table: ProcessTable;
  instanceId: InstanceId;
  platform: NodeJS.Platform;
}): Promise<LaunchMemory[]> {
  const rows = (await deps.store.openProcesses()).filter((row) => row.instanceId === deps.instanceId);
  if (rows.length === 0) return [];
  const keys = rows.map(({ launchId, pid, startTime }) =>
    pid === undefined || startTime === undefined ? { launchId } : { launchId, root: { pid, startTime } },
  );
  const relatives = await deps.table.relatives(keys);
  const bytesOf = await residentBytes([...relatives.values()].flat(), deps.platform);
  return rows.flatMap(({ launchId, sessionId, agent, pid }) => {
    const pids = relatives.get(launchId);
    if (pid === undefined || pids === undefined) return [];
    return [{ sessionId, agent, pid, bytes: pids.reduce((sum, each) => sum + (bytesOf.get(each) ?? 0), 0) }];
  });
}

async function residentBytes(
  pids: readonly number[],
  platform: NodeJS.Platform,
): Promise<Map<number, number>> {
  if (platform !== "linux") return psBytes(pids);
  return new Map(await Promise.all(pids.map(async (pid) => [pid, await memoryOf(pid)] as const)));
}

function psBytes(pids: readonly number[]): Promise<Map<number, number>> {
  if (pids.length === 0) return Promise.resolve(new Map<number, number>());
  return new Promise((resolve) => {
    execFile(
      "ps",
      ["-o", "pid=,rss=", "-p", pids.join(",")],
      { timeout: PS_TIMEOUT_MS, env: { PATH: "/bin:/usr/bin", LC_ALL: "C" } },
      (_error, stdout) => resolve(parsePsMemory(stdout)),
    );
  });
}

/** Lines of `ps -o pid=,rss=`, in kilobytes. Exported for its table. */
export function parsePsMemory(text: string): Map<number, number> {
  return new Map(
    [...text.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, pid, kilobytes]) => [
      Number(pid),
      Number(kilobytes) * 1_024,
    ]),
  );
}
