/**
 * Paths that clients name (I-6): resolved on the real file system, symbolic links included, and refused when they leave their workspace or
 * enter the data directory.
 */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { isAbsolute, resolve, sep } from "node:path";
import { HoldfastError } from "@holdfast/kernel";

/** Whether `path` is `directory` or inside it; both real paths. */
export function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The real path of a directory to work in. Rejects UNPROCESSABLE with what is wrong with it. */
export async function resolveDirectory(named: string, dataDirectory: string): Promise<string> {
  if (!isAbsolute(named)) throw refusal("The directory must be an absolute path.");
  const real = await realpathOf(named);
  if (real === undefined) throw refusal("The directory does not exist or cannot be read.");
  if (!(await stat(real)).isDirectory()) throw refusal("The path is not a directory.");
  const isOpen = await access(real, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isOpen) throw refusal("The directory cannot be read.");
  if (isInside(await realDirectory(dataDirectory), real))
    throw refusal("The data directory of this server is not a place to work in.");
  return real;
}

/** The real path of a file inside a workspace. Rejects PATH_ESCAPES, or UNPROCESSABLE when there is no such file. */
export async function resolveInWorkspace(
  workspace: string,
  named: string,
  dataDirectory: string,
): Promise<string> {
  const root = await realDirectory(workspace);
  const wanted = resolve(root, named);
  const real = await realpathOf(wanted);
  if (!isInside(root, real ?? wanted) && !isInside(workspace, wanted)) throw escapes();
  if (real === undefined) throw refusal("A file that the input names does not exist in the workspace.");
  if (!isInside(root, real)) throw escapes();
  if (isInside(await realDirectory(dataDirectory), real)) throw escapes();
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
