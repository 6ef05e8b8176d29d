import { setTimeout as delay } from "node:timers/promises";

/** Resolves once `condition` holds, looking every 10 ms; rejects after `deadlineMs` naming what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await delay(10);
  }
}

/** Whether a process with this pid is alive; a zombie is not. */
export async function isAlive(pid: number): Promise<boolean> {
  const { linuxProcessTable } = await import("../../src/process/linux-process-table.ts");
  return (await linuxProcessTable.inspect(pid)) !== undefined;
}
