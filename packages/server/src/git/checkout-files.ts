/** The files and the index of a checkout as a whole. */
import { CHECKOUT_MS } from "./linked-worktrees.ts";
import type { GitRunner } from "./runner.ts";
import { lineFrom, textFrom } from "./site.ts";

/** Makes the files those of `tree`; the index is HEAD's afterwards, so that nothing is staged. */
export async function checkOutTree(
  git: GitRunner,
  path: string,
  tree: string,
  config: readonly string[] = [],
): Promise<void> {
  await textFrom(git, path, ["read-tree", "--reset", "-u", tree], { timeoutMs: CHECKOUT_MS, config });
  await textFrom(git, path, ["reset", "--quiet"], { timeoutMs: CHECKOUT_MS, config });
}

/** Makes the index that of `tree`, and leaves the files alone. */
export async function stageTree(
  git: GitRunner,
  path: string,
  tree: string,
  config: readonly string[],
): Promise<void> {
  // What a sparse checkout leaves off the disk stays so.
  await textFrom(git, path, ["read-tree", "--reset", "-i", tree], { config });
  // Refreshing says "needs update" by its exit code.
  await lineFrom(git, path, ["update-index", "-q", "--refresh"]);
}

/** Ignored files below `top` that match the patterns, each a file of its own. */
export async function listIgnored(
  git: GitRunner,
  top: string,
  patterns: readonly string[],
): Promise<string[]> {
  const specs = patterns.map((pattern) => `:(top,glob)${pattern}`);
  const args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ...specs];
  const text = await textFrom(git, top, args, { environment: { GIT_LITERAL_PATHSPECS: "0" } });
  return text.split("\0").filter((path) => path !== "");
}
