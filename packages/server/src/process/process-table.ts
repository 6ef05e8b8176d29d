import type { LiveProcess } from "./identity.ts";

/** One launch as a process table looks for it. `root` is what was recorded of the group leader; only a table without launch ids needs it. */
export type LaunchKey = { launchId: string; root?: { pid: number; startTime: string } | undefined };

/**
 * The processes of this machine as far as launches are concerned. `reach` says what `relatives` can find: everything that carries
 * the launch id in its environment, or only the group and the descendants of the root.
 */
export type ProcessTable = {
  readonly reach: "launch-id" | "group";
  /** The living process with this pid; `undefined` when dead, a zombie or unreadable. */
  inspect(pid: number): Promise<LiveProcess | undefined>;
  /** Pids of living processes per launch id; launches without any are absent. Never this process itself. */
  relatives(keys: readonly LaunchKey[]): Promise<Map<string, number[]>>;
  /** Signals `pid` if it still belongs to the launch; looks again right before, so that a recycled pid is spared. */
  signal(pid: number, key: LaunchKey, signal: NodeJS.Signals): Promise<void>;
};

/** Signals a pid or, negative, a group; false when there is none, or it is not ours. */
export function trySignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
