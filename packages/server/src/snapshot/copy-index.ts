import { copyFile, stat, utimes } from "node:fs/promises";

/**
 * Copies an index with its time. Git looks into a file whose times and size are those of its entry only when the index is not younger than the file:
 * with a younger copy it would miss an edit of equal length in the second of the index. Rejects ENOENT.
 */
export async function copyIndex(from: string, to: string): Promise<void> {
  // Before the copy: an index that takes its place meanwhile then counts as older than it is, which only costs a look.
  const { atime, mtime } = await stat(from);
  await copyFile(from, to);
  await utimes(to, atime, mtime);
}
