import { STREAMING } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { feedEventSchema, sessionEventSchema } from "@holdfast/protocol";
import { z } from "zod";
import type { Resume, Target } from "../../events/index.ts";
import { refOf } from "../ref-scope.ts";
import { type Call, defineRoute, type Rooms, type Route, streamInto } from "../route.ts";
import { onSession, onWorkspace } from "./fields.ts";

const tag = "events";
const streamQuery = z.object({
  after: z.string().max(256).optional(),
  store: z.string().max(256).optional(),
});
/** Of a feed: `messages=false` leaves out `message.*` and `step.*`, which are nearly all of what happens; cursors are the same with and without. */
const feedQuery = streamQuery.extend({ messages: z.enum(["true", "false"]).default("true") });
type StreamQuery = z.infer<typeof streamQuery>;

/** Event streams: replay from a cursor, then live (D-22). */
export const EVENT_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/events",
    action: "session.stream",
    on: "session",
    tag,
    summary: "Stream a session's events; the cursor is a seq",
    streams: true,
    params: onSession,
    query: streamQuery,
    answers: {
      200: { description: "Server-sent events", schema: sessionEventSchema, type: "text/event-stream" },
    },
    run: (call, rooms) => stream(call, rooms, { kind: "session", sessionId: call.params.id }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/events",
    action: "workspace.stream",
    on: "workspace",
    tag,
    summary: "Stream the events of a workspace; the cursor is opaque",
    streams: true,
    params: onWorkspace,
    query: feedQuery,
    answers: {
      200: { description: "Server-sent events", schema: feedEventSchema, type: "text/event-stream" },
    },
    run: (call, rooms) =>
      stream(call, rooms, {
        kind: "workspace",
        workspaceId: call.params.id,
        messages: call.query.messages === "true",
      }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/events",
    action: "feed.stream",
    on: "server",
    tag,
    summary: "Stream the events of everything; the cursor is opaque",
    streams: true,
    query: feedQuery,
    answers: {
      200: { description: "Server-sent events", schema: feedEventSchema, type: "text/event-stream" },
    },
    run(call, rooms) {
      const by = refOf(call.credential);
      const part = by === undefined ? {} : { sessionId: by.sessionId };
      return stream(call, rooms, { kind: "all", ...part, messages: call.query.messages === "true" });
    },
  }),
];

async function stream(
  call: Call<unknown, StreamQuery, unknown>,
  rooms: Rooms,
  target: Target,
): Promise<typeof STREAMING> {
  if (call.credential === undefined) throw new HoldfastError("UNAUTHENTICATED", "A stream needs a token.");
  await rooms.stream(streamInto(call), target, resumeOf(call), call.credential);
  return STREAMING;
}

/** `Last-Event-ID` wins: EventSource keeps the `after` of its first request. An empty one is none. */
function resumeOf({ headers, query }: Call<unknown, StreamQuery, unknown>): Resume {
  const last = headers["last-event-id"];
  const cursor = typeof last === "string" && last !== "" ? last : query.after;
  return { cursor, storeId: query.store };
}
