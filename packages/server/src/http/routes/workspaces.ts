import {
  fileListSchema,
  HTTP_LIMITS,
  patchWorkspaceSchema,
  symbolListSchema,
  workspaceSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { limitField, onWorkspace } from "./fields.ts";

const tag = "workspaces";

/** Places where work happens. */
export const WORKSPACE_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id",
    action: "workspace.read",
    on: "workspace",
    tag,
    summary: "Read a workspace",
    params: onWorkspace,
    answers: { 200: { description: "The workspace", schema: workspaceSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.workspace(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/workspaces/:id",
    action: "workspace.change",
    on: "workspace",
    tag,
    summary: "Let turns that may write run one at a time in a workspace, or beside each other",
    params: onWorkspace,
    body: patchWorkspaceSchema,
    answers: { 200: { description: "The workspace as it is now", schema: workspaceSchema } },
    async run({ params, body, caller }, { sessions }) {
      const { value, replayed } = await sessions.patchWorkspace(params.id, body, caller);
      return applied(200, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/files",
    action: "workspace.read",
    on: "workspace",
    tag,
    summary: "Find files of a workspace by a few letters",
    params: onWorkspace,
    query: z.object({ q: z.string().max(256).default(""), limit: limitField }),
    answers: { 200: { description: "Paths, best first", schema: fileListSchema } },
    async run({ params, query }, { sessions }) {
      const paths = await sessions.files(params.id, query.q, query.limit);
      return ok({ items: paths.map((path) => ({ path })) });
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/workspaces/:id/symbols",
    action: "workspace.read",
    on: "workspace",
    tag,
    summary: "List the symbols of a source file, as @path#symbol names them",
    params: onWorkspace,
    query: z.object({ path: z.string().min(1).max(HTTP_LIMITS.pathLength) }),
    answers: { 200: { description: "Symbols in the order of the file", schema: symbolListSchema } },
    run: async ({ params, query }, { sessions }) => ok(await sessions.symbols(params.id, query.path)),
  }),
];
