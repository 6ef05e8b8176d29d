/** The process group of a setup or teardown command as an intent names it, so that a later process ends the one that a dead server left. */
import { z } from "zod";
import { endGroup } from "./run-command.ts";

/** When the living process with this pid started, as the machine tells it; `undefined` when there is none. */
type StartTimes = { startTime(pid: number): Promise<string | undefined> };

/** A command's group as it is stored: its leader, and when that started. */
export const groupSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

export type CommandGroup = z.infer<typeof groupSchema>;

/** What an intent writes down of a command that runs; nothing when it is over already. */
export async function groupOf(processes: StartTimes, pid: number): Promise<CommandGroup | undefined> {
  const startTime = await processes.startTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Ends the group when its leader still is the process that was written down. */
export async function endGroupOf(
  deps: { processes: StartTimes },
  recorded: CommandGroup | undefined,
): Promise<void> {
  if (recorded === undefined) return;
  const { pid, startTime } = recorded;
  if ((await deps.processes.startTime(pid)) === startTime) endGroup(pid);
}
