import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/**
 * Resolves a path that is to be written, following every symbolic link that exists, and answers the real path when it lies
 * inside `cwd`; `undefined` when it leads out of it, is `cwd` itself, or ends in a dangling link.
 */
export async function containedPath(cwd: string, path: string): Promise<string | undefined> {
  const root = await realpath(cwd);
  const real = await realTarget(resolve(root, path));
  return real !== undefined && isBelow(root, real) ? real : undefined;
}

/** The real path of a file that may not exist yet: the real path of its deepest existing ancestor, and the rest as it is. */
async function realTarget(target: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = target; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing);
    } catch (error) {
      if (!isMissing(error) || (await exists(at)) || dirname(at) === at) return undefined;
      missing.unshift(basename(at));
    }
  }
}

/** True when something is at the path itself, also a link that leads nowhere. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
