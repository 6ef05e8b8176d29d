/** Keys of providers in a file that only its owner can read. */
import { open } from "node:fs/promises";
import { z } from "zod";

/** Bytes of the file at most. */
const MOST_BYTES = 65_536;

/** What others than the owner may do with a file. */
const OTHERS = 0o077;

const keysSchema = z.record(z.string(), z.string().max(4_096));

export type Keys = { keys: Record<string, string>; problem?: string };

/** The keys by the names of providers; a file that is not there has none, and one that cannot be used says why, without anything of its content. */
export async function readKeysFile(path: string): Promise<Keys> {
  const unusable = (why: string): Keys => ({ keys: {}, problem: `${path} ${why}.` });
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" || code === "ENOTDIR" ? { keys: {} } : unusable("cannot be read");
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > MOST_BYTES) return unusable("is not a small file");
    if ((facts.mode & OTHERS) !== 0) return unusable("can be read by others. Keep it to yourself: chmod 600");
    const read = keysSchema.safeParse(JSON.parse(await file.readFile("utf8")));
    return read.success
      ? { keys: read.data }
      : unusable('is no object of keys by provider, as {"anthropic": "..."}');
  } catch {
    return unusable("is no JSON");
  } finally {
    await file.close();
  }
}
