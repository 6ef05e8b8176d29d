/** Where a session of the native agent works. */
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The top of the repository or worktree that a directory is in; of none, the directory itself. */
export async function rootOf(directory: string): Promise<string> {
  for (let at = directory; ; at = dirname(at)) {
    if (await exists(join(at, ".git"))) return at;
    if (at === dirname(at)) return directory;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
