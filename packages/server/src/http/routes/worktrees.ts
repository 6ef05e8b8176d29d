import {
  pruneReportSchema,
  pruneWorktreesSchema,
  projectIdSchema,
  restoreWorktreeSchema,
  riskReportSchema,
  worktreeListSchema,
  worktreeSchema,
  worktreeStateSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, type Route } from "../route.ts";
import { onSession, onWorkspace, onWorktree } from "./fields.ts";

const tag = "worktrees";
const flag = z.enum(["true", "false"]).optional();

/** Worktrees that Holdfast made, and what would be lost with them (W-10 to W-13). */
export const WORKTREE_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/worktrees",
    action: "worktree.read",
    on: "server",
    tag,
    summary: "List worktrees",
    query: z.object({ projectId: projectIdSchema.optional(), state: worktreeStateSchema.optional() }),
    answers: { 200: { description: "Worktrees", schema: worktreeListSchema } },
    async run({ query: { projectId, state } }, { worktrees }) {
      const items = await worktrees.list({
        ...(projectId === undefined ? {} : { projectId }),
        ...(state === undefined ? {} : { states: [state] }),
      });
      return ok({ items });
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/worktrees/prune",
    action: "worktree.prune",
    on: "server",
    tag,
    summary: "Remove worktrees that nobody uses and that hold nothing; report the others",
    body: pruneWorktreesSchema.optional(),
    answers: { 200: { description: "What was done, or would be", schema: pruneReportSchema } },
    async run({ body, actor }, { worktrees }) {
      return ok(await worktrees.prune({ dryRun: body?.dryRun === true, actor }));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/worktrees/:id",
    action: "worktree.read",
    on: "worktree",
    tag,
    summary: "Read a worktree",
    params: onWorktree,
    answers: { 200: { description: "The worktree", schema: worktreeSchema } },
    run: async ({ params }, { worktrees }) => ok(await worktrees.get(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/worktrees/:id/risk",
    action: "worktree.read",
    on: "worktree",
    tag,
    summary: "What would be lost if a worktree were removed now",
    params: onWorktree,
    answers: { 200: { description: "The report", schema: riskReportSchema } },
    run: async ({ params }, { worktrees }) => ok(await worktrees.risk(params.id)),
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/worktrees/:id",
    action: "worktree.remove",
    on: "worktree",
    tag,
    summary: "Remove a worktree; what git can hold of it is rescued for 30 days",
    params: onWorktree,
    query: z.object({ discard: flag, skipTeardown: flag }),
    answers: { 200: { description: "The worktree, removed, with its rescue", schema: worktreeSchema } },
    async run({ params, query, actor }, { worktrees }) {
      const discard = query.discard === "true";
      const skipTeardown = query.skipTeardown === "true";
      return ok(await worktrees.remove(params.id, { discard, skipTeardown, actor }));
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/worktrees/:id/restore",
    action: "worktree.restore",
    on: "worktree",
    tag,
    summary: "Bring a worktree back whose directory is gone",
    params: onWorktree,
    body: restoreWorktreeSchema,
    answers: { 200: { description: "The worktree, at the same path", schema: worktreeSchema } },
    run: async ({ params, body, actor }, { worktrees }) =>
      ok(await worktrees.restore(params.id, { from: body.from, actor })),
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/risk",
    action: "session.assess",
    on: "session",
    tag,
    summary: "What would be lost if a session were deleted now",
    params: onSession,
    answers: { 200: { description: "The report", schema: riskReportSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.risk(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/risk",
    action: "workspace.read",
    on: "workspace",
    tag,
    summary: "What would be lost with a workspace",
    params: onWorkspace,
    answers: { 200: { description: "The report", schema: riskReportSchema } },
    async run({ params }, { sessions, worktrees }) {
      const { id } = await sessions.workspace(params.id);
      return ok(await worktrees.workspaceRisk(id));
    },
  }),
];
