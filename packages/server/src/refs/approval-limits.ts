import { HoldfastError } from "@holdfast/kernel";
import { type Caveats, isPathWithin, type Permission, type PermissionReply } from "@holdfast/protocol";

/** Kinds of requests that are about files, whose patterns are paths. */
const ABOUT_FILES = new Set(["read", "edit", "delete", "move", "search"]);

/**
 * Whether the limits of a ref let it answer a request (S-14); throws FORBIDDEN where they do not, and where it would make a standing rule or say something to
 * the agent: `approve` is a yes or a no to one act. Others ask the owner.
 */
export function requireAnswerable(
  permission: Pick<Permission, "id" | "tool" | "kind" | "patterns">,
  answer: { reply: PermissionReply; message?: string | undefined },
  { caveats, directory }: { caveats: Caveats; directory: string },
): void {
  if (answer.reply === "always") throw forbidden("A ref answers once or reject, never always.");
  if (answer.message !== undefined)
    throw forbidden("A ref answers without a message: what an agent is told comes by an input.");
  const { tools, paths } = caveats;
  if (tools !== undefined && !tools.includes(permission.tool))
    throw forbidden(`This ref may not answer for the tool of request ${permission.id}.`);
  if (paths === undefined) return;
  const isAboutFiles = ABOUT_FILES.has(permission.kind) && permission.patterns.length > 0;
  const isWithin = (pattern: string): boolean => {
    const path = relativeTo(directory, pattern);
    return path !== undefined && paths.some((wide) => isPathWithin(wide, path));
  };
  if (!isAboutFiles || !permission.patterns.every(isWithin))
    throw forbidden(`Request ${permission.id} is about more than the paths that this ref may answer for.`);
}

/** A path as one below the workspace; undefined where it is elsewhere. What is no plain path is taken for none. */
function relativeTo(directory: string, path: string): string | undefined {
  if (/[*?[\]{}\0]/.test(path)) return undefined;
  if (!path.startsWith("/")) return path;
  const root = directory.endsWith("/") ? directory : `${directory}/`;
  return path.startsWith(root) ? path.slice(root.length) : undefined;
}

const forbidden = (text: string): HoldfastError => new HoldfastError("FORBIDDEN", text);
