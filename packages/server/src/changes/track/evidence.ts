import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Most directories whose links are followed for one turn; names behind further ones count as they are spelled. */
const MAX_DIRECTORIES = 1_000;

/**
 * The paths that an agent named, as paths of a workspace: relative to `root`, with forward slashes. An agent spells them relative to where it
 * works, absolutely, as a URL, or through symbolic links; what lies outside of the root is left out.
 */
export async function namedPaths(
  touched: readonly string[],
  { root, cwd }: { root: string; cwd: string },
): Promise<Set<string>> {
  const names = new Set<string>();
  const real = new Map<string, string>();
  for (const named of touched) {
    const path = absolute(named, cwd);
    if (path === undefined) continue;
    const spelled = inside(root, path);
    if (spelled !== undefined) names.add(spelled);
    const directory = dirname(path);
    if (!real.has(directory) && real.size < MAX_DIRECTORIES)
      real.set(directory, await realpath(directory).catch(() => directory));
    const followed = inside(root, join(real.get(directory) ?? directory, basename(path)));
    if (followed !== undefined) names.add(followed);
  }
  return names;
}

function absolute(named: string, cwd: string): string | undefined {
  if (named.includes("\0")) return undefined;
  if (!named.startsWith("file:")) return resolve(cwd, named);
  try {
    return fileURLToPath(named);
  } catch {
    return undefined;
  }
}

function inside(root: string, path: string): string | undefined {
  const place = relative(root, path);
  const isOutside = place === "" || place === ".." || place.startsWith(`..${sep}`) || place.startsWith(sep);
  return isOutside ? undefined : place.split(sep).join("/");
}
