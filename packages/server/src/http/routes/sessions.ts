import { SANDBOX_POLICY } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import {
  agentSessionListSchema,
  agentSessionSchema,
  authenticateSchema,
  changeListSchema,
  createSessionSchema,
  HTTP_LIMITS,
  patchSessionSchema,
  projectIdSchema,
  resourceListSchema,
  sessionIdSchema,
  sessionListSchema,
  sessionSchema,
  todoListSchema,
  usageSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { ownChanges, refOf, requireHarmless } from "../ref-scope.ts";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { emptyBody, onAgentSession, onSession, pageFields } from "./fields.ts";
import { pageLinks } from "./page-links.ts";

const tag = "sessions";

const listQuery = z.object({
  ...pageFields,
  archived: z.enum(["true", "false", "all"]).default("false"),
  directory: z.string().min(1).max(HTTP_LIMITS.pathLength).optional(),
  projectId: projectIdSchema.optional(),
  parentId: sessionIdSchema.optional(),
  roots: z.enum(["true", "false"]).optional(),
  title: z.string().min(1).max(HTTP_LIMITS.titleLength).optional(),
});

const usageAnswerSchema = z
  .object({
    usage: usageSchema,
    agents: z.array(z.object({ agent: z.string(), usage: usageSchema })),
    seq: z.int().nonnegative(),
  })
  .meta({ id: "SessionUsage" });

/** Sessions as a whole, and what hangs on one. */
export const SESSION_ROUTES: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/sessions",
    action: "session.create",
    on: "server",
    tag,
    summary: "Create a session",
    body: createSessionSchema,
    answers: { 201: { description: "The session", schema: sessionSchema } },
    async run({ body, caller }, { sessions }) {
      const { value, replayed } = await sessions.create(body, caller);
      return applied(201, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions",
    action: "session.list",
    on: "server",
    tag,
    summary: "List sessions, newest first by the last activity in them",
    query: listQuery,
    answers: { 200: { description: "A page", schema: sessionListSchema } },
    async run({ query, path, credential }, { sessions }) {
      const by = refOf(credential);
      if (by !== undefined) return ok({ items: [await sessions.get(by.sessionId)], total: 1 });
      const { limit, before, after, archived, roots, ...filter } = query;
      const page = await sessions.list({
        limit,
        before,
        after,
        filter: {
          ...filter,
          archived: archived === "all" ? undefined : archived === "true",
          roots: roots === "true" ? true : undefined,
        },
      });
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id",
    action: "session.read",
    on: "session",
    tag,
    summary: "Read a session",
    params: onSession,
    answers: { 200: { description: "The session", schema: sessionSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.get(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/resources",
    // Programs are started for the answer, as an input would.
    action: "resource.list",
    on: "session",
    tag,
    summary: "List the resources of the session's MCP servers, as @mcp://server/uri names them",
    params: onSession,
    answers: {
      200: { description: "Resources, and the servers that did not tell theirs", schema: resourceListSchema },
    },
    run: async ({ params }, { sessions }) => ok(await sessions.resources(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/sessions/:id",
    action: "session.change",
    on: "session",
    tag,
    summary: "Change a session's title, agent, model, policies or MCP servers; archive it or bring it back",
    params: onSession,
    body: patchSessionSchema,
    answers: { 200: { description: "The session", schema: sessionSchema } },
    async run({ params, body, caller, credential }, { sessions }) {
      requireHarmless(refOf(credential), body);
      return ok((await sessions.patch(params.id, body, caller)).value);
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/sessions/:id",
    action: "session.delete",
    on: "session",
    tag,
    summary: "Delete a session and its children, and with the last one a worktree",
    params: onSession,
    query: z.object({
      discard: z.enum(["true", "false"]).optional(),
      keepShares: z.enum(["true", "false"]).optional(),
    }),
    answers: { 204: { description: "Deleted" } },
    async run({ params, query, caller, credential }, { sessions, shares }) {
      if (query.discard === "true" && refOf(credential) !== undefined)
        throw new HoldfastError("FORBIDDEN", "A ref may not discard work. Ask the owner.");
      const keepShares = query.keepShares === "true";
      // Before anything is removed: what they still have to send is read from the session.
      if (keepShares) await shares.drain(params.id);
      await sessions.delete(params.id, caller, { discard: query.discard === "true", keepShares });
      return { status: 204 };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/agents",
    action: "session.read",
    on: "session",
    tag,
    summary: "List the agents that took part, with what they offer",
    params: onSession,
    answers: { 200: { description: "Agent sessions", schema: agentSessionListSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.agents(params.id)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/agents/:agent/close",
    action: "agent.close",
    on: "session",
    tag,
    summary: "Close an idle agent of a session; repeating is harmless",
    params: onAgentSession,
    body: emptyBody,
    answers: {
      202: {
        description: "What is known of it now; it is `resumable` when nothing of it lives any more",
        schema: agentSessionSchema,
      },
    },
    run: async ({ params }, { sessions }) =>
      applied(202, await sessions.closeAgent(params.id, params.agent), false),
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/agents/:agent/authenticate",
    action: "agent.login",
    on: "session",
    tag,
    summary:
      "Log in to an agent by one of the methods that its ProviderAuthError names; it may open a browser on the server's machine",
    params: onAgentSession,
    body: authenticateSchema,
    answers: {
      200: { description: "It is done; the next turn opens the agent anew", schema: authenticateSchema },
    },
    async run({ params, body, leaving }, { sessions }) {
      await sessions.authenticate(params.id, params.agent, body.methodId, leaving());
      return applied(200, body, false);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/todos",
    action: "session.read",
    on: "session",
    tag,
    summary: "Read the agent's plan",
    params: onSession,
    answers: { 200: { description: "The plan", schema: todoListSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.todos(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/changes",
    action: "change.ofSession",
    on: "session",
    tag,
    summary: "List the pending changes that a session made alone",
    params: onSession,
    answers: {
      200: { description: "Pending changes, and how they are tracked", schema: changeListSchema },
    },
    async run({ params }, { sessions, changes }) {
      const { workspaceId } = await sessions.get(params.id);
      return ok(ownChanges(await changes.list(workspaceId, { refresh: false }), params.id));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/usage",
    action: "session.read",
    on: "session",
    tag,
    summary: "Read what a session and each of its agents used",
    params: onSession,
    answers: { 200: { description: "Usage", schema: usageAnswerSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.usage(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/blobs/:hash",
    action: "blob.read",
    on: "session",
    tag,
    summary: "Read a blob of a session",
    params: onSession.extend({ hash: z.string().regex(/^[0-9a-f]{64}$/) }),
    answers: { 200: { description: "The content, as an attachment", type: "application/octet-stream" } },
    async run({ params }, { sessions }) {
      const { bytes, mime } = await sessions.blob(params.id, params.hash);
      const type = /^[\w.+-]+\/[\w.+-]+$/.test(mime) ? mime : "application/octet-stream";
      return {
        status: 200,
        bytes,
        headers: {
          "content-type": type,
          "content-disposition": `attachment; filename="${params.hash.slice(0, 16)}"`,
          "content-security-policy": SANDBOX_POLICY,
          "cache-control": "private, max-age=31536000, immutable",
        },
      };
    },
  }),
];
