/** What every write that somebody asked for has, and what it answers. See `port.ts`. */
import type { Actor } from "@holdfast/protocol";

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

export type Written = { actor: Actor; idempotency?: IdempotencyKey | undefined };
