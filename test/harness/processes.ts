import { readdirSync, readFileSync } from "node:fs";

/** Living processes (no zombies) whose environment holds this text: how the tests find what a server started, wherever it moved. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const state = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
        return state !== "Z" && readFileSync(`/proc/${pid}/environ`, "utf8").includes(text);
      } catch {
        return false;
      }
    });
}

/** Those of them that none of the others started: the programs themselves, without the helpers that come and go. */
export function withoutChildren(pids: readonly number[]): number[] {
  return pids.filter((pid) => !pids.includes(parentOf(pid) ?? -1));
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

/** SIGKILL; a short-lived process of an agent may have ended by itself meanwhile. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
