import { type Clock, wait } from "@holdfast/kernel";

/** From SIGTERM to SIGKILL (session-model 14.7), and how often it is looked whether that is needed, in ms. */
const GRACE_MS = 3_000;
const LOOK_MS = 50;

/** Ends a process group: SIGTERM, and SIGKILL for what is left of it 3 s later. Resolves once nothing of it is left, or SIGKILL was sent. */
export async function endGroup(clock: Clock, group: number): Promise<void> {
  if (!signal(group, "SIGTERM")) return;
  const until = clock.monotonic() + GRACE_MS;
  while (clock.monotonic() < until) {
    await wait(clock, LOOK_MS);
    if (!signal(group, 0)) return;
  }
  signal(group, "SIGKILL");
}

/** False when there is no such group. */
function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}
