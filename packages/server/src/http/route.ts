/**
 * Routes as data: each names its action (I-21), its target, its schemas (I-1) and what it answers; the app and the OpenAPI document are made
 * from the same list, so no route exists without a schema or an action.
 */
import type { ServerResponse } from "node:http";
import {
  type Access,
  type Credential,
  type Endpoint,
  type RefCredential,
  type Reply,
  shapeRefusal,
  type STREAMING,
} from "@holdfast/edge";
import { HoldfastError, notFound } from "@holdfast/kernel";
import type {
  Diagnostics,
  Actor,
  Agent,
  Health,
  LiveAgentList,
  ModelList,
  RefLink,
  SessionId,
} from "@holdfast/protocol";
import type { z } from "zod";
import type { Review } from "../changes/index.ts";
import type { Resume, Target } from "../events/index.ts";
import type { Permissions, Questions } from "../permission/index.ts";
import type { Refs } from "../refs/index.ts";
import type { Caller, Sessions } from "../session/index.ts";
import type { Previews, Shares } from "../sharing/index.ts";
import type { Worktrees } from "../worktree/index.ts";
import type { Action, ActionTarget, SessionLookup } from "./authorize.ts";
import { refOf } from "./ref-scope.ts";

/** What this surface asks of the review of changes. */
export type ChangesDoor = Pick<Review, "list" | "get" | "apply" | "reject" | "undo" | "mark" | "operations">;

/** What routes may use. */
export type Rooms = {
  sessions: Sessions;
  worktrees: Worktrees;
  permissions: Pick<Permissions, "reply">;
  questions: Pick<Questions, "reply">;
  changes: ChangesDoor;
  catalog: { list(): Promise<Agent[]> };
  models: { list(): Promise<ModelList> };
  pool: { list(): LiveAgentList };
  access: Access;
  refs: Refs;
  previews: Pick<Previews, "preview">;
  shares: Shares;
  sessionOf: SessionLookup;
  /** Where refs are opened, for a server that was reached at this end. */
  refLink(reachedAt: Endpoint): RefLink;
  /** Aborts when the ref ends before the response is over. */
  endOf(credential: RefCredential, outgoing: ServerResponse): AbortSignal;
  /** Streams a target into a response for as long as the credential holds. Rejects before it begins with CURSOR_INVALID, NOT_FOUND or SHUTTING_DOWN. */
  stream(outgoing: ServerResponse, target: Target, resume: Resume, credential: Credential): Promise<void>;
  health(): Health | Promise<Health>;
  diagnose(): Promise<Diagnostics>;
  /** The OpenAPI document. */
  describe(): Promise<Record<string, unknown>>;
  /** A session may have something new to start. */
  wake: (sessionId: SessionId) => void;
};

/** One request after host, origin, credential and rate were checked. */
export type RawCall = {
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  actor: Actor;
  credential: Credential | undefined;
  idempotency: Caller["idempotency"];
  /** The caller's. */
  address: string;
  /** This server's end of the connection. */
  reachedAt: Endpoint;
  /** The request path without its query, for links. */
  path: string;
  /** Absent where no stream can go. */
  outgoing: ServerResponse | undefined;
  /** Aborts when the caller left or the server stops; for routes that wait. */
  leaving: () => AbortSignal;
};

export type Call<P, Q, B> = Omit<RawCall, "params" | "query" | "body"> & {
  params: P;
  query: Q;
  body: B;
  caller: Caller;
};

/** One documented answer. `type` defaults to JSON; without a schema there is no body. */
export type Answer = { description: string; schema?: z.ZodType; type?: string };

type Facts = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** In the framework's spelling; the parameter `id` is the target's id. */
  path: `/api/${string}`;
  action: Action;
  on: ActionTarget["kind"];
  tag: string;
  summary: string;
  answers: Readonly<Record<number, Answer>>;
  /** It answers with a stream, so HEAD makes no sense. */
  streams?: boolean;
};

type Spec<P, Q, B> = Facts & {
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  body?: z.ZodType<B>;
  run: (call: Call<P, Q, B>, rooms: Rooms) => Promise<Reply | typeof STREAMING>;
};

export type Route = Facts & {
  params: z.ZodType | undefined;
  query: z.ZodType | undefined;
  body: z.ZodType | undefined;
  /** Checks shapes, then runs. Rejects NOT_FOUND for a malformed id, INVALID_REQUEST for everything else. */
  invoke(call: RawCall, rooms: Rooms): Promise<Reply | typeof STREAMING>;
};

export function defineRoute<P = undefined, Q = undefined, B = undefined>(spec: Spec<P, Q, B>): Route {
  const { params, query, body, run, ...facts } = spec;
  return {
    ...facts,
    params,
    query,
    body,
    async invoke(raw, rooms) {
      const parsed = {
        params: parseParams(params, raw.params) as P,
        query: parse(query, raw.query, "query") as Q,
        body: parse(body, raw.body, "body") as B,
      };
      const caller: Caller = { actor: raw.actor, idempotency: raw.idempotency };
      const ref = facts.method === "GET" ? undefined : refOf(raw.credential);
      if (ref !== undefined) caller.use = { refId: ref.id, action: facts.action, peer: raw.address };
      return run({ ...raw, ...parsed, caller }, rooms);
    },
  };
}

/** An id of the wrong form names nothing. */
function parseParams(schema: z.ZodType | undefined, params: Record<string, string>): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const name = String(result.error.issues[0]?.path[0] ?? "id");
  throw notFound(name === "id" ? "resource" : name.replace(/Id$/, ""), params[name] ?? "");
}

function parse(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw shapeRefusal(result.error, where);
}

/** The response that a stream goes into. Throws LIVE_NEEDS_STREAM where there is none. */
export function streamInto({ outgoing }: Pick<RawCall, "outgoing">): ServerResponse {
  if (outgoing === undefined)
    throw new HoldfastError("LIVE_NEEDS_STREAM", "A live view needs a connection that stays.");
  return outgoing;
}

/** 200 with JSON. */
export function ok(body: unknown, headers?: Record<string, string>): Reply {
  return headers === undefined ? { status: 200, body } : { status: 200, body, headers };
}

/** The answer to a command that may have been a repetition (D-5). */
export function applied(status: number, body: unknown, replayed: boolean): Reply {
  return replayed ? { status, body, headers: { "idempotency-replayed": "true" } } : { status, body };
}
