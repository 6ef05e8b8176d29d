import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Where an absolute path leads, links followed; of what is not there yet, where it would be made. Undefined where that cannot be told, as of a link that leads
 * to nothing.
 */
export async function realPath(path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  const above = dirname(path);
  const isThere = await lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  if (isThere || above === path) return undefined;
  const parent = await realPath(above);
  return parent === undefined ? undefined : join(parent, basename(path));
}
