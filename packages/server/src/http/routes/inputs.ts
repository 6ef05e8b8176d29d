import {
  admitInputSchema,
  admittedSchema,
  cancelTurnSchema,
  HTTP_LIMITS,
  inputListSchema,
  inputSchema,
  patchInputSchema,
  reorderQueueSchema,
  sessionSchema,
  turnListSchema,
  turnResultSchema,
  turnSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { refOf, requireOwn } from "../ref-scope.ts";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { cursorField, emptyBody, limitField, onInput, onSession, onTurn } from "./fields.ts";
import { pageLinks } from "./page-links.ts";

const tag = "inputs and turns";

const waitQuery = z.object({
  wait: z.enum(["true", "false"]).default("false"),
  timeout: z.coerce.number().int().min(1).max(HTTP_LIMITS.waitMs).default(HTTP_LIMITS.waitMs),
});

/** What is asked of a session, and the work on it. */
export const INPUT_ROUTES: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/inputs",
    action: "input.admit",
    on: "session",
    tag,
    summary: "Admit an input; with wait=true answer after the turn's end",
    params: onSession,
    query: waitQuery,
    body: admitInputSchema,
    answers: {
      200: { description: "The ended turn with its messages (wait=true)", schema: turnResultSchema },
      202: { description: "Admitted, or not ended in time", schema: admittedSchema },
    },
    async run({ params, query, body, caller, leaving }, { sessions }) {
      const { value, replayed } = await sessions.admit(params.id, body, caller);
      if (query.wait === "false") return applied(202, value, replayed);
      const result = await sessions.waitForTurn(value.turn.id, query.timeout, leaving());
      if (result !== undefined) return applied(200, result, replayed);
      return applied(202, await sessions.admitted(value.input.id), replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/inputs",
    action: "input.read",
    on: "session",
    tag,
    summary: "List inputs; the queue with state=queued",
    params: onSession,
    query: z.object({ state: inputSchema.shape.state.optional() }),
    answers: { 200: { description: "Inputs", schema: inputListSchema } },
    run: async ({ params, query }, { sessions }) => ok(await sessions.listInputs(params.id, query.state)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/inputs/:id",
    action: "input.read",
    on: "input",
    tag,
    summary: "Read an input",
    params: onInput,
    answers: { 200: { description: "The input", schema: inputSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.getInput(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/inputs/:id",
    action: "input.change",
    on: "input",
    tag,
    summary: "Replace the parts of a queued input",
    params: onInput,
    body: patchInputSchema,
    answers: { 200: { description: "The input", schema: inputSchema } },
    async run({ params, body, caller }, { sessions }) {
      return ok((await sessions.editInput(params.id, body, caller)).value);
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/inputs/:id",
    action: "input.remove",
    on: "input",
    tag,
    summary: "Take a queued input out of the queue",
    params: onInput,
    answers: { 204: { description: "Removed" } },
    async run({ params, caller, credential }, { sessions }) {
      requireOwn(refOf(credential), await sessions.getInput(params.id), "an input");
      await sessions.removeInput(params.id, caller);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/queue/reorder",
    action: "input.change",
    on: "session",
    tag,
    summary: "Put these queued inputs first, in this order",
    params: onSession,
    body: reorderQueueSchema,
    answers: { 200: { description: "The queue", schema: inputListSchema } },
    async run({ params, body, caller }, { sessions }) {
      const { value, replayed } = await sessions.reorderQueue(params.id, body.inputIds, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/queue/resume",
    action: "input.change",
    on: "session",
    tag,
    summary: "Let a paused queue go on, or send what waits for a usage limit all the same",
    params: onSession,
    body: emptyBody,
    answers: { 200: { description: "The session", schema: sessionSchema } },
    async run({ params, caller }, { sessions }) {
      const { value, replayed } = await sessions.resumeQueue(params.id, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/turns",
    action: "turn.read",
    on: "session",
    tag,
    summary: "List turns, newest first",
    params: onSession,
    query: z.object({ limit: limitField, before: cursorField }),
    answers: { 200: { description: "A page", schema: turnListSchema } },
    async run({ params, query, path }, { sessions }) {
      const page = await sessions.listTurns(params.id, query);
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/turns/:id",
    action: "turn.read",
    on: "turn",
    tag,
    summary: "Read a turn; with wait=true after its end",
    params: onTurn,
    query: waitQuery,
    answers: { 200: { description: "The turn", schema: turnSchema } },
    async run({ params, query, leaving }, { sessions }) {
      const turn = await sessions.getTurn(params.id);
      if (query.wait === "false") return ok(turn);
      const result = await sessions.waitForTurn(turn.id, query.timeout, leaving());
      return ok(result?.turn ?? (await sessions.getTurn(params.id)));
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/turns/:id/cancel",
    action: "turn.cancel",
    on: "turn",
    tag,
    summary: "Stop a turn, for a queued input that comes next or for good; repeating is harmless",
    params: onTurn,
    body: cancelTurnSchema.optional(),
    answers: { 202: { description: "The turn, which will end aborted", schema: turnSchema } },
    async run({ params, body, caller, credential }, { sessions }) {
      const by = refOf(credential);
      if (by !== undefined) {
        requireOwn(by, await sessions.getTurn(params.id), "a turn");
        if (body?.next !== undefined) requireOwn(by, await sessions.getInput(body.next), "an input");
      }
      const { value, replayed } = await sessions.cancelTurn(params.id, body?.next, caller);
      return applied(202, value, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/turns/:id/resume",
    action: "turn.resume",
    on: "turn",
    tag,
    summary: "Go on after a turn that was interrupted or ended at a usage limit",
    params: onTurn,
    body: emptyBody,
    answers: { 202: { description: "The turn that goes on", schema: admittedSchema } },
    async run({ params, caller }, { sessions }) {
      const { value, replayed } = await sessions.resumeTurn(params.id, caller);
      return applied(202, value, replayed);
    },
  }),
];
