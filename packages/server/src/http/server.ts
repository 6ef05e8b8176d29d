import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Access,
  type Endpoint,
  openEventStream,
  type OpenStreams,
  problemReply,
  type RefCredential,
  type Upgrade,
} from "@holdfast/edge";
import { type Clock, HoldfastError, type Logger, randomHex } from "@holdfast/kernel";
import type {
  Agent,
  LiveAgentList,
  ModelList,
  Diagnostics,
  Health,
  RefLink,
  SessionId,
} from "@holdfast/protocol";
import { getRequestListener } from "@hono/node-server";
import type { Events } from "../events/index.ts";
import type { Permissions, Questions } from "../permission/index.ts";
import type { Refs } from "../refs/index.ts";
import type { Sessions } from "../session/index.ts";
import type { Previews, Shares } from "../sharing/index.ts";
import type { Worktrees } from "../worktree/index.ts";
import { type AppDeps, createApp } from "./app.ts";
import type { SessionLookup } from "./authorize.ts";
import { documentOf } from "./describe.ts";
import { createEventSink } from "./event-sink.ts";
import type { PageFiles } from "./page.ts";
import { createRefDoor, type RefDoor } from "./ref-door.ts";
import { createRefRpc } from "./ref-rpc.ts";
import type { ChangesDoor } from "./route.ts";
import { ROUTES } from "./routes/index.ts";

export type HttpDeps = {
  sessions: Sessions;
  worktrees: Worktrees;
  permissions: Pick<Permissions, "reply">;
  questions: Pick<Questions, "reply">;
  turns: { wake(sessionId: SessionId): void };
  changes: ChangesDoor;
  catalog: { list(): Promise<Agent[]> };
  /** Models that the native agent can be asked for. */
  models: { list(): Promise<ModelList> };
  /** The agents that live now. */
  pool: { list(): LiveAgentList };
  events: Events;
  refs: Refs;
  previews: Pick<Previews, "preview">;
  shares: Shares;
  /** Whose something is, for refs, which see their session alone. */
  sessionOf: SessionLookup;
  /** Under which address others reach this server, where it was told. */
  publicUrl?: string | undefined;
  access: Access;
  streams: OpenStreams;
  clock: Clock;
  logger: Logger;
  version: string;
  health(): Health | Promise<Health>;
  /** Findings of the store, for `doctor` (D-38). */
  diagnose(): Promise<Diagnostics>;
  /** The built page, when there is one. */
  page?: PageFiles | undefined;
};

export type Http = {
  /** What refs call by other ways than HTTP. */
  readonly refDoor: RefDoor;
  /** WebSockets, for the listener. */
  readonly upgrade: Upgrade;
  /** Answers a request that the listener let pass. Never rejects. */
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** From now on nothing new is started (SHUTTING_DOWN); reads and streams go on. */
  drain(): void;
  /** Drains, and answers whoever waits for a turn. */
  stop(): void;
};

/** The OpenAPI document of the API as it is. */
export function openApiDocument(version: string): Promise<Record<string, unknown>> {
  return documentOf(ROUTES, version);
}

/** The surface of the API and the page. Who listens for it, and ends its streams, is `main`: other surfaces stand behind the same listener and access. */
export function createHttp(deps: HttpDeps): Http {
  const { access, streams, clock, logger } = deps;
  const stopping = new AbortController();
  let isDraining = false;
  let document: Promise<Record<string, unknown>> | undefined;
  const appDeps: AppDeps = {
    rooms: {
      sessions: deps.sessions,
      worktrees: deps.worktrees,
      permissions: deps.permissions,
      questions: deps.questions,
      changes: deps.changes,
      catalog: deps.catalog,
      models: deps.models,
      pool: deps.pool,
      access,
      refs: deps.refs,
      previews: deps.previews,
      shares: deps.shares,
      sessionOf: deps.sessionOf,
      refLink: (reachedAt) => refLink(deps.publicUrl, reachedAt),
      endOf: (credential, outgoing) => endOf(streams, credential, outgoing),
      stream: async (outgoing, target, resume, credential) => {
        const openSink = () => createEventSink(openEventStream(outgoing), target, clock);
        const stream = await deps.events.subscribe(target, resume, openSink);
        streams.keep(stream, credential);
        // It may have ended before anybody could tell this stream of it.
        if (credential.kind === "ref" && !(await deps.refs.works(credential.id))) stream.close("stopped");
      },
      health: () => deps.health(),
      diagnose: () => deps.diagnose(),
      describe: () => (document ??= openApiDocument(deps.version)),
      wake: (sessionId) => deps.turns.wake(sessionId),
    },
    clock,
    logger,
    page: deps.page,
    isDraining: () => isDraining,
    stopping: stopping.signal,
  };
  const app = createApp(ROUTES, appDeps);
  const refDoor = createRefDoor(ROUTES, appDeps, { events: deps.events, streams });
  const rpc = createRefRpc({ door: refDoor, clock, logger });
  const answerRoute = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    errorHandler: unreadableRequest,
  });
  return {
    refDoor,
    upgrade: rpc.upgrade,
    answer: (incoming, outgoing) =>
      rpc.takes(incoming.url ?? "") ? rpc.answer(incoming, outgoing) : answerRoute(incoming, outgoing),
    drain() {
      isDraining = true;
    },
    stop() {
      isDraining = true;
      rpc.stop();
      stopping.abort();
    },
  };
}

/** A link of a server that knows no name of its own works on this machine alone (S-16). */
function refLink(publicUrl: string | undefined, { address, port }: Endpoint): RefLink {
  const plain = (address ?? "127.0.0.1").replace(/^::ffff:/, "");
  const host = plain.includes(":") ? `[${plain}]` : plain;
  const local = publicUrl === undefined;
  const origin = publicUrl?.replace(/\/+$/, "") ?? `http://${host}${port === undefined ? "" : `:${port}`}`;
  return { base: `${origin}/l#`, local };
}

function endOf(streams: OpenStreams, credential: RefCredential, outgoing: ServerResponse): AbortSignal {
  const end = new AbortController();
  const closed = new Promise<void>((resolve) => {
    outgoing.once("close", resolve);
    if (outgoing.destroyed) resolve();
  });
  streams.keep({ closed, close: () => end.abort() }, credential);
  return end.signal;
}

/** What the adapter could not make a request of, though the guard let it pass. */
function unreadableRequest(): Response {
  const { status, body, headers } = problemReply(
    new HoldfastError("INVALID_REQUEST", "The request could not be read."),
    randomHex(8),
  );
  return new Response(JSON.stringify(body), { status, headers: headers ?? {} });
}
