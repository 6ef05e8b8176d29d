/**
 * Calls of refs that come by another way than HTTP (S-11, S-12): each is performed as the request that it would be, so that credential, target, limits, rates,
 * repetition and audit are the same whichever way it came.
 */
import { type OpenStreams, requestKey, shapeRefusal, STREAMING } from "@holdfast/edge";
import { HoldfastError, newId } from "@holdfast/kernel";
import { REF_METHODS, type RefMethod, refRequest } from "@holdfast/protocol";
import type { Events, Resume, Sink } from "../events/index.ts";
import type { AppDeps } from "./app.ts";
import { authorize } from "./authorize.ts";
import { perform } from "./perform.ts";
import { refOf } from "./ref-scope.ts";
import type { Route } from "./route.ts";

export type RefCaller = {
  secret: string;
  /** The address that asked, as far as the listener knows it. */
  peer: string;
  /** Under which a repetition is recognised, whichever way it comes (S-27). */
  opId?: string | undefined;
  /** Aborts when the caller left. */
  signal?: AbortSignal | undefined;
};

export type RefDoor = {
  /** The answer of a method, checked arguments and all. Rejects as the route does; with INVALID_REQUEST for arguments of another shape. */
  call(method: RefMethod, args: unknown, caller: RefCaller): Promise<unknown>;
  /** Events of the ref's session, for as long as the ref works. Rejects before `open`, as the session's stream does. */
  subscribe(
    resume: Resume,
    caller: RefCaller,
    open: () => Sink,
  ): Promise<{ readonly closed: Promise<unknown>; close(): void }>;
  /** Hears the id of every ref that works no more, so that what was given out for it ends. */
  onEnded(listener: (refId: string) => void): void;
};

export function createRefDoor(
  routes: readonly Route[],
  deps: AppDeps,
  { events, streams }: { events: Events; streams: OpenStreams },
): RefDoor {
  const { rooms } = deps;
  const byHttp = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
  return {
    async call(method, args, caller) {
      const { http, args: shape } = REF_METHODS[method];
      const parsed = shape.safeParse(args);
      if (!parsed.success) throw shapeRefusal(parsed.error, "arguments");
      const route = byHttp.get(http.replace(/:\w+/, ":id"));
      if (route === undefined) throw new Error(`No route does ${method}.`);
      // As it was said, without defaults: a repetition over HTTP has the same body.
      const request = refRequest(method, args as Record<string, unknown>);
      const id = idIn(request.path, route.path);
      const reply = await perform(route, deps, {
        requestId: newId("act", deps.clock.now()),
        authorization: `Bearer ${caller.secret}`,
        address: caller.peer,
        params: id === undefined ? {} : { id },
        query: request.query,
        headers: {},
        body: () => Promise.resolve(request.body),
        key: (actorId, body) =>
          caller.opId === undefined || route.method !== "POST"
            ? undefined
            : requestKey(caller.opId, { actorId, route: request.path, body }),
        path: request.path,
        reachedAt: { address: undefined, port: undefined },
        outgoing: undefined,
        leaving: () =>
          caller.signal === undefined ? deps.stopping : AbortSignal.any([caller.signal, deps.stopping]),
      });
      return reply === STREAMING ? undefined : reply.body;
    },
    async subscribe(resume, caller, open) {
      const credential = await rooms.access.identify(`Bearer ${caller.secret}`, caller.peer);
      const by = refOf(credential);
      if (by === undefined) throw new HoldfastError("FORBIDDEN", "Only a ref has a session to follow.");
      const { sessionId } = by;
      await authorize(credential, "session.stream", { kind: "session", id: sessionId }, rooms.sessionOf);
      if (by.isExhausted) await rooms.refs.requireUse(by, undefined);
      rooms.refs.noteRead(by, caller.peer);
      const stream = await events.subscribe({ kind: "session", sessionId }, resume, open);
      streams.keep(stream, by);
      if (!(await rooms.refs.works(by.id))) stream.close("stopped");
      return { closed: stream.closed, close: () => stream.close() };
    },
    onEnded: (listener) => rooms.access.onRevoked(listener),
  };
}

/** What stands for `:id`. */
function idIn(path: string, pattern: string): string | undefined {
  const at = pattern.split("/").indexOf(":id");
  const text = at < 0 ? undefined : path.split("/")[at];
  return text === undefined ? undefined : decodeURIComponent(text);
}
