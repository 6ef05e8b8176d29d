/**
 * One request on its way to its route, however it came: credential, `authorize`, body, shapes, room, answer. The application performs requests of HTTP, and the door
 * of refs the calls of other ways, so that nothing holds for one of them alone.
 */
import type { ServerResponse } from "node:http";
import { type Credential, type Endpoint, type RequestKey, type Reply, type STREAMING } from "@holdfast/edge";
import { HoldfastError, type Logger } from "@holdfast/kernel";
import { refNotValid } from "../refs/index.ts";
import { authorize, isOpen } from "./authorize.ts";
import { refOf } from "./ref-scope.ts";
import type { RawCall, Rooms, Route } from "./route.ts";

export type Asked = {
  requestId: string;
  authorization: string | undefined;
  /** The caller's. */
  address: string;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read only once the caller may do what it asks for. */
  body(): Promise<unknown>;
  key(actorId: string, body: unknown): RequestKey | undefined;
  /** The request path without its query. */
  path: string;
  reachedAt: Endpoint;
  /** Where a stream goes; absent where none can. */
  outgoing: ServerResponse | undefined;
  /** Aborts when the caller left or the server stops. */
  leaving: () => AbortSignal;
};

export type PerformDeps = { rooms: Rooms; logger: Logger; isDraining(): boolean };

export async function perform(
  route: Route,
  { rooms, logger, ...deps }: PerformDeps,
  asked: Asked,
): Promise<Reply | typeof STREAMING> {
  const { address, params } = asked;
  const credential = isOpen(route.action)
    ? undefined
    : await rooms.access.identify(asked.authorization, address);
  const target = { kind: route.on, id: params["id"] };
  const actor = await authorize(credential, route.action, target, rooms.sessionOf);
  if (route.method !== "GET" && deps.isDraining())
    throw new HoldfastError("SHUTTING_DOWN", "The server is shutting down and starts nothing new.");
  const body = route.method === "GET" ? undefined : await asked.body();
  const idempotency = asked.key(actor.id, body);
  const end = await beginUnderRef(rooms, route, asked, { credential, idempotency });
  const call: RawCall = {
    ...asked,
    body,
    actor,
    credential,
    idempotency,
    leaving: () => (end === undefined ? asked.leaving() : AbortSignal.any([asked.leaving(), end])),
  };
  logger.debug({ requestId: asked.requestId, action: route.action }, "request");
  const reply = await route.invoke(call, rooms);
  // What was read while it was taken back is not given out any more.
  if (route.method === "GET" && end?.aborted === true) throw refNotValid();
  return reply;
}

/** A request of a ref ends with the ref: the signal aborts then. */
async function beginUnderRef(
  rooms: Rooms,
  route: Route,
  { address, outgoing }: Asked,
  { credential, idempotency }: { credential: Credential | undefined; idempotency: RequestKey | undefined },
): Promise<AbortSignal | undefined> {
  const by = refOf(credential);
  if (by === undefined) return undefined;
  const end = outgoing === undefined ? undefined : rooms.endOf(by, outgoing);
  if (by.isExhausted) await rooms.refs.requireUse(by, idempotency);
  if (route.action === "input.admit") rooms.access.countInput(by);
  if (route.method === "GET" || route.action === "ref.redeem") rooms.refs.noteRead(by, address);
  return end;
}
