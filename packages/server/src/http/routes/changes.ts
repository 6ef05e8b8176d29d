import {
  admittedSchema,
  applyChangesSchema,
  changeListSchema,
  changeResultSchema,
  changeSchema,
  commentChangeSchema,
  operationListSchema,
  rejectChangesSchema,
  reviewChangesSchema,
  undoChangesSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { onChange, onWorkspace } from "./fields.ts";

const tag = "changes";

const result = {
  200: { description: "What was done; the operation can be undone by its id", schema: changeResultSchema },
};

/** What agents changed in a workspace, and what somebody decides about it (W-4 to W-9). */
export const CHANGE_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/changes",
    action: "change.read",
    on: "workspace",
    tag,
    summary: "List pending changes with their patches; refresh=true looks at the files first",
    params: onWorkspace,
    query: z.object({ refresh: z.enum(["true", "false"]).default("false") }),
    answers: { 200: { description: "Pending changes, and how they are tracked", schema: changeListSchema } },
    run: async ({ params, query }, { changes }) =>
      ok(await changes.list(params.id, { refresh: query.refresh === "true" })),
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/changes/operations",
    action: "change.read",
    on: "workspace",
    tag,
    summary: "List what was applied, accepted, rejected and undone, newest first",
    params: onWorkspace,
    answers: { 200: { description: "Operations", schema: operationListSchema } },
    run: async ({ params }, { changes }) => ok(await changes.operations(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/changes/:changeId",
    action: "change.read",
    on: "workspace",
    tag,
    summary: "Read a pending change with its whole patch",
    params: onChange,
    answers: { 200: { description: "The change", schema: changeSchema } },
    run: async ({ params }, { changes }) => ok(await changes.get(params.id, params.changeId)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/workspaces/:id/changes/apply",
    action: "change.review",
    on: "workspace",
    tag,
    summary: "Take changes over: merged into the checkout from a worktree, accepted in a project directory",
    params: onWorkspace,
    body: applyChangesSchema,
    answers: result,
    async run({ params, body, caller }, { changes }) {
      const { value, replayed } = await changes.apply(params.id, body, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/workspaces/:id/changes/reject",
    action: "change.review",
    on: "workspace",
    tag,
    summary: "Write changes back in their workspace; the agents that made them are told with the next prompt",
    params: onWorkspace,
    body: rejectChangesSchema,
    answers: result,
    async run({ params, body, caller }, { changes }) {
      const { value, replayed } = await changes.reject(params.id, body, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/workspaces/:id/changes/undo",
    action: "change.review",
    on: "workspace",
    tag,
    summary: "Undo an apply, accept or reject exactly",
    params: onWorkspace,
    body: undoChangesSchema,
    answers: result,
    async run({ params, body, caller }, { changes }) {
      const { value, replayed } = await changes.undo(params.id, body.operationId, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/workspaces/:id/changes/review",
    action: "change.review",
    on: "workspace",
    tag,
    summary: "Mark revisions of changes as reviewed, or take the mark back",
    params: onWorkspace,
    body: reviewChangesSchema,
    answers: { 200: { description: "The changes as they are now", schema: changeListSchema } },
    run: async ({ params, body, caller }, { changes }) => ok(await changes.mark(params.id, body, caller)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/workspaces/:id/changes/comment",
    action: "change.comment",
    on: "workspace",
    tag,
    summary: "Tell an agent something about a line of its change: an input with the line",
    params: onWorkspace,
    body: commentChangeSchema,
    answers: { 202: { description: "Admitted", schema: admittedSchema } },
    async run({ params, body, caller }, { sessions }) {
      const { value, replayed } = await sessions.commentChange(params.id, body, caller);
      return applied(202, value, replayed);
    },
  }),
];
