import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import type { GitRunner } from "./runner.ts";

/** What the names of temporary indexes look like, with git's own lock beside them; everything else in that directory is somebody else's. */
export const TEMPORARY_INDEX = /^index-[0-9a-f]{24}(\.lock)?$/;

/** Configuration for runs on a temporary index: it is one plain file, and what is in it does not depend on a sparse checkout's cone. */
export const PLAIN_INDEX = ["core.splitIndex=false", "core.untrackedCache=false", "index.sparse=false"];

/** Lends the name of an index file that does not exist yet, and removes what became of it. */
export async function withTemporaryIndex<T>(git: GitRunner, use: (file: string) => Promise<T>): Promise<T> {
  await mkdir(git.temporary, { recursive: true, mode: 0o700 });
  const file = join(git.temporary, `index-${randomHex(12)}`);
  try {
    return await use(file);
  } finally {
    await Promise.all([rm(file, { force: true }), rm(`${file}.lock`, { force: true })]);
  }
}
