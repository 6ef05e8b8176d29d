/**
 * Where a path that a model names leads to: the real place, symbolic links included. Inside of the session's workspace, and in the kept outputs, a tool
 * reads freely; elsewhere somebody is asked first.
 */
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { isInside } from "@holdfast/kernel";
import { ToolError, type ToolContext } from "../tool.ts";
import { plain } from "./plain.ts";

export type Place = {
  /** Real and absolute; of what does not exist yet, with its deepest directory that does. */
  path: string;
  /** As a person and the model know it: relative to the workspace inside of it, absolute elsewhere; one line. */
  shown: string;
  isOutside: boolean;
};

/** Characters of a path; what is longer, no file system has. */
const MAX_PATH = 4_096;

/** Rejects with a `ToolError` for a link that leads nowhere, and for what can be no path. */
export async function locate(context: Pick<ToolContext, "directory">, named: string): Promise<Place> {
  if (named === "" || named.includes("\0") || named.length > MAX_PATH)
    throw new ToolError("This can be no path: expected text without NUL, at most 4096 characters.");
  const workspace = await realpath(context.directory);
  const path = await realTarget(resolve(workspace, named));
  if (path === undefined)
    throw new ToolError(`${plain(named)} is a symbolic link that leads nowhere, or cannot be looked at.`);
  const isOutside = !isInside(workspace, path);
  return { path, shown: plain(isOutside ? path : relative(workspace, path) || "."), isOutside };
}

/** Asks before something outside of the workspace is read or searched; not for outputs that were kept of this session's own tools. */
export async function permitReach(
  context: Pick<ToolContext, "permit" | "outputDirectory">,
  place: Place,
  asked: { title: string },
): Promise<void> {
  if (!place.isOutside) return;
  const kept = await realpath(context.outputDirectory).catch(() => undefined);
  if (kept !== undefined && place.path !== kept && isInside(kept, place.path)) return;
  await context.permit({ ...asked, kind: "other", patterns: [place.path] });
}

/** Whether one of its directories is git's own: what stands there runs by itself later, so it is changed through git alone. */
export function isGitsOwn(path: string): boolean {
  return path.split(sep).some((name) => name.toLowerCase() === ".git");
}

/** The real path of the deepest ancestor that exists, and the rest as it is. */
async function realTarget(target: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = target; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing);
    } catch (error) {
      if (!isMissing(error) || dirname(at) === at || (await isThere(at))) return undefined;
      missing.unshift(basename(at));
    }
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
