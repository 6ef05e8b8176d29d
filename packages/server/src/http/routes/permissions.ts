import { notFound } from "@holdfast/kernel";
import {
  permissionListSchema,
  permissionRuleListSchema,
  permissionSchema,
  questionListSchema,
  questionSchema,
  replyPermissionSchema,
  replyQuestionSchema,
  sessionIdSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { onPermission, onPermissionRule, onQuestion } from "./fields.ts";

const tag = "permissions";
const stateQuery = z.object({
  state: permissionSchema.shape.state.optional(),
  sessionId: sessionIdSchema.optional(),
});

/** What agents ask before they act, and the standing answers. No agent asks questions yet, so their list is empty. */
export const PERMISSION_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/permissions",
    action: "permission.read",
    on: "server",
    tag,
    summary: "List permission requests over all sessions",
    query: stateQuery,
    answers: { 200: { description: "Requests", schema: permissionListSchema } },
    async run({ query }, { sessions }) {
      const { state, sessionId } = query;
      const filter = {
        ...(state === undefined ? {} : { state }),
        ...(sessionId === undefined ? {} : { sessionId }),
      };
      return ok(await sessions.permissions(filter));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/permissions/:id",
    action: "permission.read",
    on: "permission",
    tag,
    summary: "Read a permission request",
    params: onPermission,
    answers: { 200: { description: "The request", schema: permissionSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.getPermission(params.id)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/permissions/:id/reply",
    action: "permission.reply",
    on: "permission",
    tag,
    summary: "Answer a permission request; the first answer wins",
    params: onPermission,
    body: replyPermissionSchema,
    answers: { 200: { description: "The request", schema: permissionSchema } },
    async run({ params, body, caller }, { permissions, wake }) {
      const { value, replayed } = await permissions.reply({ permissionId: params.id, ...body, ...caller });
      wake(value.sessionId);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/permission-rules",
    action: "permission.read",
    on: "server",
    tag,
    summary: "List standing answers",
    answers: { 200: { description: "Rules", schema: permissionRuleListSchema } },
    run: async (_call, { sessions }) => ok({ items: await sessions.permissionRules() }),
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/permission-rules/:id",
    action: "permission.revoke",
    on: "permission",
    tag,
    summary: "Revoke a standing answer",
    params: onPermissionRule,
    answers: { 204: { description: "Revoked" } },
    async run({ params, caller }, { sessions }) {
      await sessions.revokePermissionRule(params.id, caller);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/questions",
    action: "question.read",
    on: "server",
    tag,
    summary: "List questions of agents",
    query: z.object({ state: questionSchema.shape.state.optional() }),
    answers: { 200: { description: "Questions", schema: questionListSchema } },
    run: async () => ok({ items: [] }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/questions/:id",
    action: "question.read",
    on: "question",
    tag,
    summary: "Read a question",
    params: onQuestion,
    answers: { 200: { description: "The question", schema: questionSchema } },
    run: ({ params }) => Promise.reject(notFound("question", params.id)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/questions/:id/reply",
    action: "question.reply",
    on: "question",
    tag,
    summary: "Answer a question",
    params: onQuestion,
    body: replyQuestionSchema,
    answers: { 200: { description: "The question", schema: questionSchema } },
    run: ({ params }) => Promise.reject(notFound("question", params.id)),
  }),
];
