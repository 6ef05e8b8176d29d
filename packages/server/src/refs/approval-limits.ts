import { join } from "node:path";
import { HoldfastError } from "@holdfast/kernel";
import { type Caveats, isPathWithin, type Permission, type PermissionReply } from "@holdfast/protocol";
import { realPath } from "./real-path.ts";

/** Kinds of requests that are about files, whose patterns are paths. */
const ABOUT_FILES = new Set(["read", "edit", "delete", "move", "search"]);

/**
 * Whether the limits of a ref let it answer a request (S-14); rejects FORBIDDEN where they do not, and where it would make a standing rule or say something to
 * the agent: `approve` is a yes or a no to one act. Others ask the owner.
 */
export async function requireAnswerable(
  permission: Pick<Permission, "id" | "tool" | "kind" | "patterns">,
  answer: { reply: PermissionReply; message?: string | undefined },
  { caveats, directory }: { caveats: Caveats; directory: string },
): Promise<void> {
  if (answer.reply === "always") throw forbidden("A ref answers once or reject, never always.");
  if (answer.message !== undefined)
    throw forbidden("A ref answers without a message: what an agent is told comes by an input.");
  const { tools, paths } = caveats;
  if (tools !== undefined && !tools.includes(permission.tool))
    throw forbidden(`This ref may not answer for the tool of request ${permission.id}.`);
  if (paths === undefined) return;
  const isAboutFiles = ABOUT_FILES.has(permission.kind) && permission.patterns.length > 0;
  const within = isAboutFiles
    ? await Promise.all(permission.patterns.map((pattern) => isWithin(directory, paths, pattern)))
    : [];
  if (!isAboutFiles || !within.every(Boolean))
    throw forbidden(`Request ${permission.id} is about more than the paths that this ref may answer for.`);
}

/** By its name, and where the links on its way lead now: an agent makes links too. */
async function isWithin(directory: string, paths: readonly string[], pattern: string): Promise<boolean> {
  const named = relativeTo(directory, pattern);
  if (named === undefined || !paths.some((wide) => isPathWithin(wide, named))) return false;
  const [root, real] = await Promise.all([realPath(directory), realPath(join(directory, named))]);
  const led = root === undefined || real === undefined ? undefined : relativeTo(root, real);
  return led !== undefined && paths.some((wide) => isPathWithin(wide, led));
}

/** What agents and shells take for more than a path: patterns, variables, a home directory, addresses. */
const NO_PLAIN_PATH = /[*?[\]{}$`\0]|^~|^[a-z][\w+.-]*:/i;

/** A path as one below the workspace; undefined where it is elsewhere. What is no plain path is taken for none. */
function relativeTo(directory: string, path: string): string | undefined {
  const root = directory.endsWith("/") ? directory : `${directory}/`;
  const below = path === directory ? "." : path.startsWith(root) ? path.slice(root.length) : path;
  return below.startsWith("/") || NO_PLAIN_PATH.test(below) ? undefined : below;
}

const forbidden = (text: string): HoldfastError => new HoldfastError("FORBIDDEN", text);
