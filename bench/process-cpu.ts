import { readdirSync, readFileSync } from "node:fs";

/** What the kernel counts per second of CPU: USER_HZ is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** CPU time of a process so far, in ms, by the name of its threads; empty where there is no /proc. */
export function threadTimes(pid: number): Map<string, number> {
  const times = new Map<string, number>();
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return times;
  }
  for (const thread of threads) {
    try {
      const [, name = "", rest = ""] =
        /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")) ?? [];
      const fields = rest.split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      times.set(name, (times.get(name) ?? 0) + ticks * MS_PER_TICK);
    } catch {
      // The thread ended meanwhile; what it used is not counted.
    }
  }
  return times;
}

/** CPU of all threads together, in ms. */
export const processTime = (pid: number): number =>
  [...threadTimes(pid).values()].reduce((sum, ms) => sum + ms, 0);

/** Living children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "))
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/** CPU time of the threads that a process has now, in ms, as exactly as the kernel's scheduler knows it; 0 where there is no /proc. */
export function exactProcessTime(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
      .reduce((sum, nanoseconds) => sum + nanoseconds / 1_000_000, 0);
  } catch {
    return 0;
  }
}

/** Memory of a process that is in use, in bytes; 0 where there is no /proc. */
export function memoryOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
  } catch {
    return 0;
  }
}
