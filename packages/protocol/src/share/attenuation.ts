/** Narrowing (S-15): a child may do what its parent may, or less, and nothing else. Pure, the same for refs of sessions and of shares. */
import { type Caveats, type Grant, RIGHTS, type Right } from "./grant.ts";

export type Allowance = Pick<Grant, "rights" | "caveats">;

/** Each right once, in the order of the table. All but `append` include `read` (S-14). */
export function wholeRights(rights: readonly Right[]): Right[] {
  const isReader = rights.some((right) => right !== "append");
  return RIGHTS.filter((right) => rights.includes(right) || (right === "read" && isReader));
}

/** A limit that cannot be kept on these rights (S-14): tools and paths narrow `approve` alone, and `prompt` goes round them. */
export function unenforceable({ rights, caveats }: Allowance): "tools" | "paths" | undefined {
  const limits = (["tools", "paths"] as const).filter((name) => caveats[name] !== undefined);
  return rights.includes("prompt") || !rights.includes("approve") ? limits[0] : undefined;
}

/**
 * What a child of `parent` is allowed when `asked` is asked for: what it does not say it inherits. `widens` names the first right or limit by which it
 * would be allowed more than its parent.
 */
export function narrowed(
  parent: Allowance,
  asked: { rights: readonly Right[]; caveats: Caveats },
): { allowed: Allowance } | { widens: string } {
  const rights = wholeRights(asked.rights);
  const more = rights.find((right) => !parent.rights.includes(right));
  if (more !== undefined) return { widens: more };
  const widened = LIMITS.find((name) => isWider(name, parent.caveats, asked.caveats));
  if (widened !== undefined) return { widens: widened };
  const caveats: Caveats = { ...parent.caveats, ...asked.caveats };
  // What narrows only `approve` says nothing of a child without it.
  if (!rights.includes("approve")) {
    if (asked.caveats.tools === undefined) delete caveats.tools;
    if (asked.caveats.paths === undefined) delete caveats.paths;
  }
  return { allowed: { rights, caveats } };
}

const LIMITS = ["expiresAt", "maxUses", "audience", "tools", "paths"] as const satisfies (keyof Caveats)[];

function isWider(name: (typeof LIMITS)[number], parent: Caveats, asked: Caveats): boolean {
  if (parent[name] === undefined || asked[name] === undefined) return false;
  switch (name) {
    case "expiresAt":
    case "maxUses":
      return (asked[name] ?? 0) > (parent[name] ?? 0);
    case "audience":
      return asked.audience !== parent.audience;
    case "tools":
      return !asked.tools?.every((tool) => parent.tools?.includes(tool));
    case "paths":
      return !asked.paths?.every((path) => parent.paths?.some((wide) => isPathWithin(wide, path)));
  }
}

/** Whether a path below a workspace is `directory` or below it; both relative, with forward slashes. One that climbs is within nothing. */
export function isPathWithin(directory: string, path: string): boolean {
  const inside = segments(path);
  const outside = segments(directory);
  if (inside === undefined || outside === undefined) return false;
  return outside.every((segment, at) => inside[at] === segment);
}

/** The names of a relative path; undefined for one that is absolute or climbs. */
function segments(path: string): string[] | undefined {
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || path.includes("\\")) return undefined;
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  return names.includes("..") ? undefined : names;
}
