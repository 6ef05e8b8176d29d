/** What Linux shows of processes below `/proc`. What is gone, or may not be read, is absent. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { parseProcessStat, type ProcessStat } from "@holdfast/protocol";

/** Every process but this one. Rejects where there is no `/proc`. */
export async function listPids(): Promise<number[]> {
  return (await readdir("/proc")).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
}

/** `undefined` also for a zombie. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return parseProcessStat(text);
}

/** Arguments, the program first; none of a zombie. */
export async function argvOf(pid: number): Promise<string[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return line.split("\0").slice(0, -1);
}

/** The working directory. */
export function directoryOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}

/** Resident memory in bytes. */
export async function memoryOf(pid: number): Promise<number> {
  return residentIn(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""));
}

/** The resident memory in a `/proc/<pid>/status`, in bytes; 0 where it says none. Exported for its table. */
export const residentIn = (text: string): number =>
  1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);

/** Whether a process has the file open; `undefined` where that cannot be asked. */
export async function isFileOpen(file: string): Promise<boolean | undefined> {
  const pids = await listPids().catch(() => undefined);
  if (pids === undefined) return undefined;
  for (const pid of [...pids, process.pid]) {
    const directory = `/proc/${pid}/fd`;
    for (const name of await readdir(directory).catch(() => [])) {
      const target = await readlink(`${directory}/${name}`).catch(() => undefined);
      if (target === file) return true;
    }
  }
  return false;
}
