import { HoldfastError } from "@holdfast/kernel";
import type { Actor, Right } from "@holdfast/protocol";
import type { Credential } from "./access.ts";

/**
 * What an action asks of its caller: nothing, the server's token or a browser token, the server's token alone, or, as a right, a ref that has it (S-14); who is
 * the owner has every right.
 */
export type Needs = "anyone" | "owner" | "server" | Right;

/** Nobody: the actor of what needs no credential. */
const VISITOR: Actor = { id: "visitor", kind: "browser", label: "Visitor" };

/** Who acts, when they may. Throws UNAUTHENTICATED without a credential and FORBIDDEN with one that does not reach so far; `what` names the act. */
export function requireReach(credential: Credential | undefined, needs: Needs, what: string): Actor {
  if (needs === "anyone") return credential?.actor ?? VISITOR;
  if (credential === undefined) throw new HoldfastError("UNAUTHENTICATED", "This needs a token.");
  if (needs === "server" && credential.kind !== "server")
    throw new HoldfastError("FORBIDDEN", `Only the server's own token may do ${what}.`);
  if (
    credential.kind === "ref" &&
    (needs === "owner" || needs === "server" || !credential.rights.includes(needs))
  )
    throw new HoldfastError("FORBIDDEN", `This ref may not do ${what}.`);
  return credential.actor;
}
