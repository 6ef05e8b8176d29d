import { execFile } from "node:child_process";
import type { LiveProcess } from "./identity.ts";
import { trySignal, type LaunchKey, type ProcessTable } from "./process-table.ts";

/** `ps` answers in milliseconds; one that hangs must not hold up a stop. */
const PS_TIMEOUT_MS = 5_000;
const PS_OUTPUT_BYTES = 16 * 1024 * 1024;

type Line = LiveProcess & { parent: number };

/**
 * `ps`, where there is no `/proc`: the group and the descendants of the root. What left both is not found, and `reach` says so.
 * Descendants are remembered per launch from look to look, because they lose their parent when the root dies first.
 */
export function psProcessTable(): ProcessTable {
  const remembered = new Map<string, Map<number, string>>();
  const find = async (keys: readonly LaunchKey[]) => {
    const lines = await listProcesses();
    const found = new Map<string, number[]>();
    for (const key of keys) {
      const known = remembered.get(key.launchId) ?? new Map<number, string>();
      const family = familyOf(lines, key, known);
      remembered.set(key.launchId, new Map(family.map((line) => [line.pid, line.startTime])));
      if (family.length === 0) remembered.delete(key.launchId);
      else
        found.set(
          key.launchId,
          family.map((line) => line.pid),
        );
    }
    return found;
  };
  return {
    reach: "group",
    inspect: async (pid) => (await listProcesses()).find((line) => line.pid === pid),
    relatives: find,
    async signal(pid, key, signal) {
      if ((await find([key])).get(key.launchId)?.includes(pid)) trySignal(pid, signal);
    },
  };
}

/**
 * The root, the members of its group, all their descendants, and those remembered with the same start. When another process took the
 * root's pid, its group is not ours either. Exported for its table.
 */
export function familyOf(
  lines: readonly Line[],
  { root }: LaunchKey,
  known: ReadonlyMap<number, string>,
): readonly Line[] {
  const taken = lines.some((line) => line.pid === root?.pid && line.startTime !== root.startTime);
  const group = taken ? undefined : root?.pid;
  const family = new Set(
    lines.filter((line) => line.group === group || known.get(line.pid) === line.startTime),
  );
  for (let before = -1; before !== family.size;) {
    before = family.size;
    const pids = new Set([...family].map((line) => line.pid));
    for (const line of lines) if (pids.has(line.parent)) family.add(line);
  }
  return [...family].filter((line) => line.pid !== process.pid);
}

/** One line of `ps -o pid=,ppid=,pgid=,stat=,lstart=,args=`; `undefined` for zombies and what is no such line. Exported for its table. */
export function parsePsLine(text: string): Line | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s(.*)$/.exec(text);
  if (match === null) return undefined;
  const [, pid, parent, group, state = "", startTime = "", line = ""] = match;
  if (state.startsWith("Z")) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    startTime: startTime.replaceAll(/\s+/g, " "),
    argv: [line],
  };
}

function listProcesses(): Promise<Line[]> {
  return new Promise((resolve) => {
    execFile(
      "ps",
      ["-A", "-ww", "-o", "pid=,ppid=,pgid=,stat=,lstart=,args="],
      { timeout: PS_TIMEOUT_MS, maxBuffer: PS_OUTPUT_BYTES, env: { PATH: "/bin:/usr/bin", LC_ALL: "C" } },
      (_error, stdout) => resolve(stdout.split("\n").flatMap((text) => parsePsLine(text) ?? [])),
    );
  });
}
