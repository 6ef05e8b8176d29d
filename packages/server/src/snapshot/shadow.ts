/** Private repositories for directories that are in none (W-3): bare, in the data directory, with an index of their own. */
import { access, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import { type GitRunner, type Checkout } from "../git/index.ts";

/** Directories that no snapshot of such a directory holds, as they can be made again (W-3). */
export const EXCLUDED = ["node_modules", ".venv", "target", "dist", ".hg", ".svn", ".bzr", ".jj"];

const MAKING = /\.making-[0-9a-f]+$/;

/** Where the private repository of a workspace is, when it has one. */
export const shadowOf = (shadows: string, workspaceId: string): string => join(shadows, `${workspaceId}.git`);

/** The place of a directory, its repository made if there is none yet. */
export async function shadowCheckout(
  git: GitRunner,
  shadows: string,
  { workspaceId, root }: { workspaceId: string; root: string },
): Promise<Checkout> {
  const gitDir = shadowOf(shadows, workspaceId);
  if (!(await exists(gitDir))) await make(git, shadows, gitDir);
  return { git, directory: root, gitDir, commonDir: gitDir, workTree: root, prefix: "", root };
}

/** It is complete before it has its name; another that came first wins. */
async function make(git: GitRunner, shadows: string, gitDir: string): Promise<void> {
  await mkdir(shadows, { recursive: true, mode: 0o700 });
  const making = `${gitDir}.making-${randomHex(8)}`;
  try {
    await git.run({ directory: shadows }, [
      "init",
      "--quiet",
      "--bare",
      "--template=",
      "--initial-branch=main",
      making,
    ]);
    await mkdir(join(making, "info"), { recursive: true });
    await writeFile(join(making, "info", "exclude"), EXCLUDED.map((name) => `${name}/\n`).join(""));
    await rename(making, gitDir);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (!(await exists(gitDir))) throw error;
  }
}

/** Removes what killed runs left half made. */
export async function sweepShadows(shadows: string): Promise<void> {
  const names = await readdir(shadows).catch(() => []);
  for (const name of names.filter((each) => MAKING.test(each)))
    await rm(join(shadows, name), { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
