import { isGitError, type Checkout, PLAIN_INDEX, runGit, withoutRequiredFilters } from "../git/index.ts";

export type UpdateOptions = { stdin: Buffer; config?: readonly string[]; timeoutMs?: number };

/**
 * One `git update-index` on the index at `indexFile`. Whenever git writes an index it looks into files whose times stand for two contents, also those that it was
 * not asked about, and a filter that fails there would end it. So what fails is done once more, with all such files marked as changed. Rejects GitError.
 */
export async function updateIndex(
  checkout: Checkout,
  indexFile: string,
  args: readonly string[],
  { config = PLAIN_INDEX, ...options }: UpdateOptions,
): Promise<void> {
  const update = () =>
    runGit(checkout, ["update-index", "-z", ...args], { ...options, indexFile, config: [...config] });
  try {
    await update();
  } catch (error) {
    if (!isGitError(error, "failed")) throw error;
    const lenient = await withoutRequiredFilters(checkout.git, {
      directory: checkout.workTree,
      gitDir: checkout.gitDir,
    });
    if (lenient.length === 0) throw error;
    const settle = { indexFile, config: [...PLAIN_INDEX, ...lenient] };
    await runGit(checkout, ["update-index", "--force-write-index"], settle);
    await update();
  }
}
