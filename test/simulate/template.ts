import { FakeClock, takeRandomFrom } from "@holdfast/kernel";
import { type CommandModule, openInlineRunner } from "@holdfast/sqlite";

const templates = new Map<CommandModule, Uint8Array>();

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
