import { DIFF } from "./diff-trees.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";

/** Most bytes of a patch that is checked against files (W-8). */
const CHECKED_BYTES = 256 * 1024 * 1024;

/**
 * Whether git itself would bring the files of the checkout, as they are on the disk, from one tree to the other; `undefined` when it would, else
 * what it says (W-8). The index is not looked at, nothing is written. Rejects GitError `tooLong` for a difference beyond 256 MiB.
 */
export async function checkApply(checkout: Checkout, from: string, to: string): Promise<string | undefined> {
  if (from === to) return undefined;
  const diff = DIFF.filter((option) => option !== "--raw" && option !== "-z");
  const { stdout } = await runGit(
    checkout,
    [...diff, "-p", "--binary", "--full-index", "--no-renames", from, to],
    {
      maxBytes: CHECKED_BYTES,
    },
  );
  if (stdout.length === 0) return undefined;
  const below = checkout.prefix === "" ? [] : [`--directory=${checkout.prefix.slice(0, -1)}`];
  const { exitCode, stderrTail } = await runGit(
    checkout,
    ["apply", "--check", "--whitespace=nowarn", ...below],
    {
      stdin: stdout,
      exits: [0, 1, 128],
    },
  );
  return exitCode === 0 ? undefined : stderrTail.trim() || "git apply refuses the patch";
}
