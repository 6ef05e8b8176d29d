/** What outlives a program of the simulation. */
import { FakeClock, takeRandomFrom } from "@holdfast/kernel";
import { type CommandModule, type InlineRunner, openInlineRunner } from "@holdfast/sqlite";

/** A database as a copy of its file, or as the program that died left it open: the next one takes it over with what was prepared on it. */
export type Disk = Uint8Array | InlineRunner;

export const bytesOn = (disk: Disk): Uint8Array => (disk instanceof Uint8Array ? disk : disk.bytes());

/** Nobody will open it any more. Closed once what a dead program still reads has come to its next await. */
export function leave(disk: Disk): void {
  if (!(disk instanceof Uint8Array)) setImmediate(() => void disk.close());
}

const templates = new Map<CommandModule, Uint8Array>();

/** Databases of runs that are over, for the next ones: what is prepared on them takes longer than a run's own work. */
const used = new Map<CommandModule, InlineRunner[]>();
/** As many as a run has of a module. */
const MOST_USED = 2;

/** The disk of a new machine, always with the same bytes on it. */
export function emptyDisk(module: CommandModule): Disk {
  const bytes = emptyDatabase(module);
  const runner = used.get(module)?.pop();
  runner?.load(bytes);
  return runner ?? bytes;
}

/** Nobody will start on it any more: the next run may have it. */
export function handOn(module: CommandModule, disk: Disk): void {
  const those = used.get(module) ?? [];
  used.set(module, those);
  if (disk instanceof Uint8Array || those.length >= MOST_USED) leave(disk);
  else those.push(disk);
}

/** An empty database of a module, migrated once for all runs: always the same bytes. */
export function emptyDatabase(module: CommandModule): Uint8Array {
  const known = templates.get(module);
  if (known !== undefined) return known;
  let next = 0;
  const giveBack = takeRandomFrom({
    fill: (bytes) => {
      for (const at of bytes.keys()) bytes[at] = next++ % 251;
    },
    now: () => 1,
  });
  try {
    const runner = openInlineRunner({ module, clock: new FakeClock(1) });
    const bytes = runner.bytes();
    void runner.close();
    templates.set(module, bytes);
    return bytes;
  } finally {
    giveBack();
  }
}
