/** What a ref may do of what its right allows, where that is less than the owner may (S-14, S-28). */
import type { Credential, RefCredential } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import type { Actor, ChangeList, PatchSession, SessionId } from "@holdfast/protocol";

/** The ref that calls, if one does. */
export const refOf = (credential: Credential | undefined): RefCredential | undefined =>
  credential?.kind === "ref" ? credential : undefined;

/** A filter of a list: a ref sees its session alone, whatever it asks for. */
export const within = <Q extends { sessionId?: SessionId }>(query: Q, by: RefCredential | undefined): Q =>
  by === undefined ? query : { ...query, sessionId: by.sessionId };

/** A ref takes back what it asked for itself. Throws FORBIDDEN. */
export function requireOwn(by: RefCredential | undefined, { actor }: { actor: Actor }, what: string): void {
  if (by !== undefined && actor.id !== by.id)
    throw new HoldfastError("FORBIDDEN", `A ref may not take back ${what} that somebody else asked for.`);
}

/** Settings of a session that say nothing of what agents may do, or run, on this machine. */
const HARMLESS: ReadonlySet<string> = new Set<keyof PatchSession>(["title", "archived"]);

export function requireHarmless(by: RefCredential | undefined, patch: PatchSession): void {
  const other = by === undefined ? undefined : Object.keys(patch).find((field) => !HARMLESS.has(field));
  if (other !== undefined)
    throw new HoldfastError("FORBIDDEN", `${other}: a ref may change a session's title, and archive it.`);
}

/** The pending changes that a session made alone: of a file in which others worked too, the patch would show their work. */
export const ownChanges = (list: ChangeList, sessionId: SessionId): ChangeList => ({
  ...list,
  items: list.items.filter(
    ({ contributions }) =>
      contributions.length > 0 && contributions.every((each) => each.sessionId === sessionId),
  ),
});
