import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";

/** `undefined` when nothing has this name; another trouble rejects. */
export async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
