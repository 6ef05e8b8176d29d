/** What every surface asks of the headers of a request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HoldfastError } from "@holdfast/kernel";
import { HTTP_LIMITS } from "@holdfast/protocol";
import { bodyHash } from "./body.ts";

/** The token of an Authorization header; undefined without one that could be any. */
export const bearerOf = (header: string | undefined): string | undefined =>
  /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? "")?.[1];

/** Under what a repeated request is recognised: `key` as it was sent, within the actor, the method and the route with its ids (D-5). */
export type RequestKey = { actorId: string; method: "POST"; route: string; key: string; bodyHash: string };

/** The key of a POST that may be repeated; `undefined` for other methods and without one. Throws INVALID_REQUEST. */
export function idempotencyKey(
  incoming: IncomingMessage,
  { actorId, route, body }: { actorId: string; route: string; body: unknown },
): RequestKey | undefined {
  const key = incoming.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || key.length > HTTP_LIMITS.idempotencyKeyLength || !/^[\x20-\x7e]+$/.test(key))
    throw new HoldfastError(
      "INVALID_REQUEST",
      `An Idempotency-Key has 1 to ${HTTP_LIMITS.idempotencyKeyLength} printable characters.`,
    );
  return incoming.method === "POST" ? requestKey(key, { actorId, route, body }) : undefined;
}

/** The same for a call that came by another way than a request. */
export const requestKey = (
  key: string,
  { actorId, route, body }: { actorId: string; route: string; body: unknown },
): RequestKey => ({ actorId, method: "POST", route, key, bodyHash: bodyHash(body) });

/** Aborts when the client leaves or the server stops. It listens on the server's signal only as long as the response is open, so that nothing gathers there. */
export function leavingSignal(outgoing: ServerResponse, stopping: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const leave = (): void => {
    stopping.removeEventListener("abort", leave);
    controller.abort();
  };
  outgoing.once("close", leave);
  stopping.addEventListener("abort", leave, { once: true });
  if (stopping.aborted || outgoing.destroyed) leave();
  return controller.signal;
}
