/**
 * Paths that clients name (I-6): resolved on the real file system, symbolic links included, and refused when they leave their workspace or
 * enter what this server keeps for itself: its data directory, but not the worktrees that it made (W-2).
 */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { HoldfastError, isInside } from "@holdfast/kernel";

/** Characters of a path that a refusal repeats. */
const SHOWN = 200;

/** Real paths. Worktrees are below `worktreeDirectory`, which mostly is in the data directory. */
export type ReservedPlaces = { dataDirectory: string; worktreeDirectory: string };

/** Whether a real path is in what this server keeps for itself. A worktree, below the managed root, is not. */
export function isReserved(places: ReservedPlaces, path: string): boolean {
  const { dataDirectory, worktreeDirectory } = places;
  if (!isInside(worktreeDirectory, path)) return isInside(dataDirectory, path);
  // The root itself, its marker and its trash begin with a dot, or are nothing.
  const [name = ""] = relative(worktreeDirectory, path).split(sep);
  return name === "" || name.startsWith(".");
}

async function realPlaces(places: ReservedPlaces): Promise<ReservedPlaces> {
  const [dataDirectory, worktreeDirectory] = await Promise.all([
    realDirectory(places.dataDirectory),
    realDirectory(places.worktreeDirectory),
  ]);
  return { dataDirectory, worktreeDirectory };
}

/** The real path of a directory to work in. Rejects UNPROCESSABLE with what is wrong with it. */
export async function resolveDirectory(named: string, reserved: ReservedPlaces): Promise<string> {
  if (!isAbsolute(named)) throw refusal("The directory must be an absolute path.");
  const real = await realpathOf(named);
  if (real === undefined) throw refusal("The directory does not exist or cannot be read.");
  if (!(await stat(real)).isDirectory()) throw refusal("The path is not a directory.");
  const isOpen = await access(real, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isOpen) throw refusal("The directory cannot be read.");
  if (isReserved(await realPlaces(reserved), real))
    throw refusal("The data directory of this server is not a place to work in.");
  return real;
}

/** The real path of a file inside a workspace. Rejects PATH_ESCAPES, or UNPROCESSABLE when there is no such file. */
export async function resolveInWorkspace(
  workspace: string,
  named: string,
  reserved: ReservedPlaces,
): Promise<string> {
  const root = await realDirectory(workspace);
  const wanted = resolve(root, named);
  const real = await realpathOf(wanted);
  if (!isInside(root, real ?? wanted) && !isInside(workspace, wanted)) throw escapes();
  if (real === undefined) throw refusal(`There is no file ${named.slice(0, SHOWN)} in the workspace.`);
  if (!isInside(root, real)) throw escapes();
  if (isReserved(await realPlaces(reserved), real)) throw escapes();
  return real;
}

async function realDirectory(path: string): Promise<string> {
  return (await realpathOf(path)) ?? resolve(path);
}

async function realpathOf(path: string): Promise<string | undefined> {
  if (path.includes("\0")) return undefined;
  return realpath(path).catch(() => undefined);
}

function refusal(message: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", message);
}

function escapes(): HoldfastError {
  return new HoldfastError("PATH_ESCAPES", "A path leaves the workspace or enters the data directory.");
}
