import { HoldfastError } from "@holdfast/kernel";
import {
  historyPageSchema,
  messageInfoSchema,
  messageListSchema,
  messageSchema,
  partSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, type Route } from "../route.ts";
import { cursorField, limitField, onMessage, onPart, onSession, pageFields } from "./fields.ts";
import { pageLinks } from "./page-links.ts";

const tag = "messages";

/** The history of a session. */
export const MESSAGE_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/messages",
    action: "message.read",
    on: "session",
    tag,
    summary: "Page through the history: newest page first, chronological inside a page",
    params: onSession,
    query: z.object(pageFields),
    answers: { 200: { description: "A page", schema: messageListSchema } },
    async run({ params, query, path }, { sessions }) {
      const page = await sessions.messages(params.id, query);
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/history",
    action: "message.read",
    on: "session",
    tag,
    summary: "Read the history backwards: the newest message first, page by page",
    params: onSession,
    query: z.object({ limit: limitField, before: cursorField }),
    answers: { 200: { description: "A page", schema: historyPageSchema } },
    async run({ params, query, path }, { sessions }) {
      const page = await sessions.readBackwards(params.id, query);
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/messages/:id",
    action: "message.read",
    on: "message",
    tag,
    summary: "Read one message with its parts",
    params: onMessage,
    answers: { 200: { description: "The message", schema: messageSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.getMessage(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/messages/:id",
    action: "message.change",
    on: "message",
    tag,
    summary: "Replace what a message says of itself; its ids, role and place stay",
    params: onMessage,
    body: messageInfoSchema,
    answers: { 200: { description: "The message", schema: messageSchema } },
    async run({ params, body, caller }, { sessions }) {
      requireSame(body.id, params.id);
      return ok((await sessions.updateMessage(params.id, body, caller)).value);
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/messages/:id",
    action: "message.change",
    on: "message",
    tag,
    summary: "Remove a message",
    params: onMessage,
    answers: { 204: { description: "Removed" } },
    async run({ params, caller }, { sessions }) {
      await sessions.removeMessage(params.id, caller);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/messages/:id/parts/:partId",
    action: "message.read",
    on: "message",
    tag,
    summary: "Read one whole part",
    params: onPart,
    answers: { 200: { description: "The part", schema: partSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.getPart(params.id, params.partId)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/messages/:id/parts/:partId",
    action: "message.change",
    on: "message",
    tag,
    summary: "Replace a part; its ids and type stay",
    params: onPart,
    body: partSchema,
    answers: { 200: { description: "The part", schema: partSchema } },
    async run({ params, body, caller }, { sessions }) {
      requireSame(body.id, params.partId);
      requireSame(body.messageId, params.id);
      return ok((await sessions.updatePart(body, caller)).value);
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/messages/:id/parts/:partId",
    action: "message.change",
    on: "message",
    tag,
    summary: "Remove a part",
    params: onPart,
    answers: { 204: { description: "Removed" } },
    async run({ params, caller }, { sessions }) {
      await sessions.removePart(params.id, params.partId, caller);
      return { status: 204 };
    },
  }),
];

function requireSame(named: string, inPath: string): void {
  if (named !== inPath)
    throw new HoldfastError("UNPROCESSABLE", "The ids in the body are not those of the path.");
}
