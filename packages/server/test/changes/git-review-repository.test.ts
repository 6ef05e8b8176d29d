import { expect, test } from "vitest";
import { gitReviewRepository } from "../../src/changes/review/git-review-repository.ts";
import { GitError } from "../../src/git/git-error.ts";
import type { Checkout } from "../../src/git/index.ts";

/** A place whose git fails like this from its `merge-tree` on. */
function placeWhere(failure: GitError): Checkout {
  const run = async (_: unknown, args: readonly string[]) => {
    if (args[0] === "merge-tree") throw failure;
    return { stdout: Buffer.from("0".repeat(40)), stderrTail: "", exitCode: 0 };
  };
  const git = { run, clock: { now: () => 0 } } as unknown as Checkout["git"];
  const top = "/home/me/one";
  return {
    git,
    directory: top,
    root: top,
    workTree: top,
    gitDir: `${top}/.git`,
    commonDir: `${top}/.git`,
    prefix: "",
  };
}

const trees = { base: "b", ours: "o", theirs: "t" };

test("[W-8] a merge driver that hangs is a refusal that says so; what else git says stays what it is", async () => {
  const slow = gitReviewRepository(
    placeWhere(new GitError("timeout", "git merge-tree did not end within 30 s")),
  );
  await expect(slow.merge(trees)).rejects.toMatchObject({
    code: "UNPROCESSABLE",
    message: expect.stringContaining("nothing was written") as string,
  });
  const failed = new GitError("failed", "git merge-tree failed");
  await expect(gitReviewRepository(placeWhere(failed)).merge(trees)).rejects.toBe(failed);
});
