import { open } from "node:fs/promises";
import { join } from "node:path";
import type { HarnessOptions } from "../harness/index.ts";
import { buildPreload } from "./preload.ts";

/** A machine whose clock the test sets, while programs run on it. */
export async function clockOf(
  root: string,
): Promise<{ options: HarnessOptions; off: (byMs: number) => Promise<void> }> {
  const file = join(root, "clock");
  const off = async (byMs: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(byMs));
    // In place: the page is shared with the programs.
    const handle = await open(file, "a+").then(async (made) => (await made.close(), open(file, "r+")));
    await handle.write(bytes, 0, 8, 0);
    await handle.close();
  };
  await off(0);
  return {
    options: { root, environment: { LD_PRELOAD: buildPreload("bad-clock", root), BAD_CLOCK: file } },
    off,
  };
}
