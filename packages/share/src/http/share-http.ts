/**
 * The service's REST door (S-11): routes as data, the credential as bearer, refusals as problem documents. Pages and capnweb stand behind the same
 * listener; what they take is asked for first.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { bearerOf, send, sendProblem, STREAMING } from "@holdfast/edge";
import { type Clock, HoldfastError, type Logger } from "@holdfast/kernel";
import { VERSION } from "@holdfast/protocol";
import { z } from "zod";
import type { ShareService } from "../service/index.ts";
import { BESIDE_ROUTES } from "./beside-routes.ts";
import { type HttpRoute, ok, paramsOf } from "./call.ts";
import { documentOf } from "./describe.ts";
import { METHOD_ROUTES } from "./method-routes.ts";
import { SHARE_ROUTES } from "./share-routes.ts";
import { WHOLE_ROUTES } from "./whole-routes.ts";

/** Another door behind the same listener. */
export type Beside = {
  takes(target: string): boolean;
  /** Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
};

export type ShareHttpDeps = {
  service: ShareService;
  /** The caller's address, through a proxy where one is declared. */
  addressOf: (incoming: IncomingMessage) => string;
  beside?: readonly Beside[];
  clock: Clock;
  logger: Logger;
};

let described: Record<string, unknown> | undefined;

const DESCRIPTION: HttpRoute = {
  method: "GET",
  path: "/api/openapi.json",
  name: "describe",
  summary: "This document",
  bearer: "none",
  answer: { status: 200, description: "OpenAPI 3.1", schema: z.record(z.string(), z.unknown()) },
  run: () => Promise.resolve(ok((described ??= shareOpenApi(VERSION)))),
};

export const ROUTES: readonly HttpRoute[] = [DESCRIPTION, ...SHARE_ROUTES, ...METHOD_ROUTES, ...WHOLE_ROUTES];

/** The OpenAPI document of all that stands behind the service's listener. */
export const shareOpenApi = (version: string): Record<string, unknown> =>
  documentOf([...ROUTES, ...BESIDE_ROUTES], version);

/** Answers what the listener let pass. Never rejects. */
export function createShareHttp(
  deps: ShareHttpDeps,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    try {
      outgoing.setHeader("x-robots-tag", "noindex");
      // A page of ours never registers one: it would go on answering after a share is gone (S-35).
      if (incoming.headers["service-worker"] !== undefined)
        throw new HoldfastError("FORBIDDEN", "No script of this service may stand between readers and it.");
      const other = deps.beside?.find((door) => door.takes(incoming.url ?? "/"));
      if (other !== undefined) return await other.answer(incoming, outgoing);
      await answer(deps, incoming, outgoing);
    } catch (error) {
      sendProblem(deps.logger, outgoing, error);
    }
  };
}

async function answer(
  deps: ShareHttpDeps,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { service, clock } = deps;
  const { pathname, searchParams } = new URL(`http://local${incoming.url ?? "/"}`);
  const method = incoming.method === "HEAD" ? "GET" : incoming.method;
  const found = ROUTES.flatMap((route) => {
    const params = paramsOf(route.path, pathname);
    return params === undefined ? [] : [{ route, params }];
  });
  const match = found.find(({ route }) => route.method === method);
  if (match === undefined) throw notServed(found.map(({ route }) => route.method));
  const reply = await match.route.run({
    service,
    clock,
    caller: { bearer: bearerOf(incoming.headers.authorization), peer: deps.addressOf(incoming) },
    params: match.params,
    query: Object.fromEntries(searchParams),
    incoming,
    outgoing,
  });
  if (reply !== STREAMING) send(outgoing, reply);
}

function notServed(methods: readonly string[]): HoldfastError {
  if (methods.length === 0) return new HoldfastError("NOT_FOUND", "Nothing is served at this path.");
  const allow = [...new Set(methods)].join(", ");
  return new HoldfastError("NOT_FOUND", `This path takes ${allow} only.`, { data: { allow } });
}
