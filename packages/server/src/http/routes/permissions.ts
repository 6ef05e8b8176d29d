import {
  permissionListSchema,
  permissionRuleListSchema,
  permissionSchema,
  replyPermissionSchema,
} from "@holdfast/protocol";
import { refOf, within } from "../ref-scope.ts";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { onPermission, onPermissionRule, requestQuery } from "./fields.ts";

const tag = "permissions";
/** What agents ask before they act, and the standing answers. */
export const PERMISSION_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/permissions",
    action: "permission.read",
    on: "server",
    tag,
    summary: "List permission requests over all sessions",
    query: requestQuery,
    answers: { 200: { description: "Requests", schema: permissionListSchema } },
    run: async ({ query, credential }, { sessions }) =>
      ok(await sessions.permissions(within(query, refOf(credential)))),
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
    async run({ params, body, caller, credential }, { permissions, refs, sessions, wake }) {
      const by = refOf(credential);
      if (by !== undefined) await refs.requireAnswerable(by, await sessions.getPermission(params.id), body);
      const { value, replayed } = await permissions.reply({ permissionId: params.id, ...body, ...caller });
      wake(value.sessionId);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/permission-rules",
    action: "permission.rules",
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
];
