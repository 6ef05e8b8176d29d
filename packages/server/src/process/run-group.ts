/** The process group of a setup or teardown command as an intent names it, so that a later process ends the one that a dead server left. */
import type { JsonObject } from "@holdfast/protocol";
import { z } from "zod";
import { endGroup } from "./run-command.ts";

/** When the living process with this pid started, as the machine tells it; `undefined` when there is none. */
type StartTimes = { startTime(pid: number): Promise<string | undefined> };

const groupSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

/** What an intent writes down of a command that runs; empty when it is over already. */
export async function groupOf(processes: StartTimes, pid: number): Promise<JsonObject> {
  const startTime = await processes.startTime(pid);
  return startTime === undefined ? {} : { pid, startTime };
}

/** Ends the group when its leader still is the process that was written down. */
export async function endGroupOf(deps: { processes: StartTimes }, recorded: unknown): Promise<void> {
  const group = groupSchema.safeParse(recorded);
  if (!group.success) return;
  const { pid, startTime } = group.data;
  if ((await deps.processes.startTime(pid)) === startTime) endGroup(pid);
}
