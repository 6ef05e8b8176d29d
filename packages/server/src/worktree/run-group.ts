/** The process group of a setup or teardown command as an intent names it, so that a later process ends the one that a dead server left. */
import type { JsonObject } from "@holdfast/protocol";
import { z } from "zod";
import type { ProcessFacts } from "./deps.ts";
import { endGroup } from "./run-command.ts";

const groupSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

/** What an intent writes down of a command that runs; empty when it is over already. */
export async function groupOf(processes: ProcessFacts, pid: number): Promise<JsonObject> {
  const startTime = await processes.startTime(pid);
  return startTime === undefined ? {} : { pid, startTime };
}

/** Ends the group when its leader still is the process that was written down. */
export async function endGroupOf(deps: { processes: ProcessFacts }, recorded: unknown): Promise<void> {
  const group = groupSchema.safeParse(recorded);
  if (!group.success) return;
  const { pid, startTime } = group.data;
  if ((await deps.processes.startTime(pid)) === startTime) endGroup(pid);
}
