/**
 * The web application: one handler per route of the table, each going the same way (`perform.ts`).
 * Answers are written to the raw response; the framework routes and describes.
 */
import {
  idempotencyKey,
  isApiTarget,
  leavingSignal,
  readJson,
  type Reply,
  send,
  sendProblem,
  STREAMING,
} from "@holdfast/edge";
import { type Clock, HoldfastError, type Logger } from "@holdfast/kernel";
import { commonProtocol, pagePathOf, PROTOCOL_HEADER, PROTOCOL_VERSIONS } from "@holdfast/protocol";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import { describe } from "./describe.ts";
import { type PageFiles, servePage } from "./page.ts";
import { perform } from "./perform.ts";
import type { Rooms, Route } from "./route.ts";

export type AppDeps = {
  rooms: Rooms;
  clock: Clock;
  logger: Logger;
  page?: PageFiles | undefined;
  /** True once nothing new may be started. */
  isDraining(): boolean;
  /** Aborts when the server stops. */
  stopping: AbortSignal;
};

type Env = { Bindings: HttpBindings; Variables: { requestId: string } };
type RequestContext = Context<Env>;
export type App = Hono<Env>;

/** Builds the application from the table of routes. */
export function createApp(routes: readonly Route[], deps: AppDeps): App {
  const app: App = new Hono<Env>();
  for (const route of routes) {
    app.on(route.method, route.path, describe(route), (context) =>
      answer(deps, context, () => run(route, deps, context)),
    );
  }
  app.notFound((context) => answer(deps, context, () => unknownRoute(routes, deps, context)));
  app.onError((error, context) => {
    sendProblem(deps.logger, context.env.outgoing, error);
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}

async function answer(
  deps: AppDeps,
  context: RequestContext,
  produce: () => Promise<Reply | typeof STREAMING>,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  try {
    outgoing.setHeader(PROTOCOL_HEADER, agreeOnProtocol(incoming.headers[PROTOCOL_HEADER]));
    const reply = await produce();
    if (reply !== STREAMING) send(outgoing, reply);
  } catch (error) {
    sendProblem(deps.logger, outgoing, error);
  }
  return RESPONSE_ALREADY_SENT;
}

/** The version of the protocol that this request is answered in. Throws PROTOCOL_UNSUPPORTED (I-25). */
function agreeOnProtocol(header: string | string[] | undefined): number {
  const version = commonProtocol(header?.toString());
  if (version !== undefined) return version;
  throw new HoldfastError(
    "PROTOCOL_UNSUPPORTED",
    `This server speaks version ${PROTOCOL_VERSIONS.join(", ")} of the protocol, the client another one. Use the same release of both.`,
    { data: { supported: [...PROTOCOL_VERSIONS] } },
  );
}

async function run(route: Route, deps: AppDeps, context: RequestContext): Promise<Reply | typeof STREAMING> {
  const { incoming, outgoing } = context.env;
  if (route.streams === true && incoming.method === "HEAD")
    throw new HoldfastError("NOT_FOUND", "A stream has no head of its own.", { data: { allow: "GET" } });
  const { path } = context.req;
  return perform(route, deps, {
    requestId: String(outgoing.getHeader("x-request-id")),
    authorization: incoming.headers.authorization,
    address: incoming.socket.remoteAddress ?? "unknown",
    params: context.req.param(),
    query: context.req.query(),
    headers: incoming.headers,
    body: () => readJson(incoming, deps.clock),
    key: (actorId, body) => idempotencyKey(incoming, { actorId, route: path, body }),
    path,
    reachedAt: { address: incoming.socket.localAddress, port: incoming.socket.localPort },
    outgoing,
    leaving: () => leavingSignal(outgoing, deps.stopping),
  });
}

/** What no route takes: a page of the program, a known path with another method, or nothing at all. */
async function unknownRoute(
  routes: readonly Route[],
  deps: AppDeps,
  context: RequestContext,
): Promise<Reply> {
  const { incoming } = context.env;
  if (!isApiTarget(incoming.url ?? "/")) {
    const isRead = incoming.method === "GET" || incoming.method === "HEAD";
    const file = isRead ? await servePage(deps.page, context.req.path) : undefined;
    if (file !== undefined) return file;
    if (isRead && deps.page === undefined && pagePathOf(context.req.path) !== undefined)
      throw new HoldfastError(
        "NOT_FOUND",
        "This server has no page, its API alone. In the repository, `npm run build:page` makes one for the next start.",
      );
  }
  const methods = routes
    .filter((route) => matches(route.path, context.req.path))
    .map((route) => route.method);
  if (methods.length === 0) throw new HoldfastError("NOT_FOUND", "Nothing is served at this path.");
  const allow = [...new Set(methods)].join(", ");
  throw new HoldfastError("NOT_FOUND", `This path takes ${allow} only.`, { data: { allow } });
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length && wanted.every((part, at) => part.startsWith(":") || part === given[at])
  );
}
