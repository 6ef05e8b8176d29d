/** What every write that somebody asked for has, and what it answers. See `port.ts`. */
import type { Actor, RefId } from "@holdfast/protocol";

/** A retried POST is recognised by (actor, method, route with ids, key); `bodyHash` is of the canonical raw body (D-5). */
export type IdempotencyKey = {
  actorId: string;
  method: string;
  route: string;
  key: string;
  bodyHash: string;
};

/** `replayed`: the key had been used, nothing was applied, and the value is the resource's current state. */
export type Applied<T> = { value: T; replayed: boolean };

/**
 * A ref through which a command is given: the command's own transaction looks whether it still works (REF_NOT_VALID), counts the use and keeps it in the
 * audit (S-16). A replay is no use, and is answered when none is left.
 */
export type RefUse = { refId: RefId; action: string; peer: string };

export type Written = {
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
  use?: RefUse | undefined;
};
