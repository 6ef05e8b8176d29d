import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Uncaptured } from "@holdfast/protocol";
import {
  bytesOf,
  DURABLE,
  indexInfo,
  isGitError,
  type Checkout,
  PLAIN_INDEX,
  runGit,
  type TreeEdit,
} from "../git/index.ts";
import { updateIndex } from "./update-index.ts";

/** Files that one run of git reads. */
const BATCH = 1_000;
/** From so many files on, their objects share one sync instead of one each. */
const SHARED_SYNC = 64;

/**
 * Brings files into the index at `indexFile`. A file that git cannot store (a filter that fails, no right to read it) keeps what the index has and is told to
 * `leaveOut`; the others go in. `timeoutMs`: of one run, default that of every run of git.
 */
export async function captureFiles(
  checkout: Checkout,
  indexFile: string,
  names: readonly string[],
  {
    leaveOut,
    timeoutMs,
  }: { leaveOut: (name: string, reason: Uncaptured["reason"]) => void; timeoutMs: number | undefined },
): Promise<void> {
  const config = [
    ...PLAIN_INDEX,
    ...DURABLE,
    ...(names.length > SHARED_SYNC ? ["core.fsyncMethod=batch"] : []),
  ];
  const capture = async (some: readonly string[]): Promise<void> => {
    if (some.length === 0) return;
    const stdin = bytesOf(some.map((name) => `${name}\0`).join(""));
    try {
      await updateIndex(checkout, indexFile, ["--add", "--remove", "--replace", "--stdin"], {
        stdin,
        config,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    } catch (error) {
      if (!isGitError(error, "failed")) throw error;
      const [only] = some;
      if (some.length === 1 && only !== undefined) return leaveOut(only, await reasonOf(checkout, only));
      const middle = Math.ceil(some.length / 2);
      await capture(some.slice(0, middle));
      await capture(some.slice(middle));
    }
  };
  for (let at = 0; at < names.length; at += BATCH) await capture(names.slice(at, at + BATCH));
}

/** Writes and removes entries without looking at files. */
export async function editIndex(
  checkout: Checkout,
  indexFile: string,
  edits: readonly TreeEdit[],
): Promise<void> {
  if (edits.length === 0) return;
  const { text } = await runGit(checkout, ["rev-parse", "--show-object-format"]);
  await updateIndex(checkout, indexFile, ["--add", "--replace", "--index-info"], {
    stdin: indexInfo(edits, text === "sha256" ? 64 : 40),
  });
}

async function reasonOf(checkout: Checkout, name: string): Promise<Uncaptured["reason"]> {
  const path = Buffer.concat([Buffer.from(`${checkout.workTree}/`), bytesOf(name)]);
  return access(path, constants.R_OK).then(
    () => "filter" as const,
    () => "unreadable" as const,
  );
}
