import { patchProjectSchema, projectListSchema, projectSchema } from "@holdfast/protocol";
import { defineRoute, ok, type Route } from "../route.ts";
import { onProject } from "./fields.ts";

const tag = "projects";

/** Projects and how worktrees of them are made (W-2). */
export const PROJECT_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/projects",
    action: "project.read",
    on: "server",
    tag,
    summary: "List projects",
    answers: { 200: { description: "Every known project", schema: projectListSchema } },
    run: async (_call, { worktrees }) => ok({ items: await worktrees.projects() }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/projects/:id",
    action: "project.read",
    on: "project",
    tag,
    summary: "Read a project",
    params: onProject,
    answers: { 200: { description: "The project", schema: projectSchema } },
    run: async ({ params }, { worktrees }) => ok(await worktrees.project(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/projects/:id",
    action: "project.change",
    on: "project",
    tag,
    summary:
      "Say how worktrees of a project are made (files to copy, setup and teardown commands, hooks), and which MCP servers its agents are given",
    params: onProject,
    body: patchProjectSchema,
    answers: { 200: { description: "The project as it is now", schema: projectSchema } },
    async run({ params, body, actor }, { worktrees }) {
      return ok((await worktrees.patchProject(params.id, body, { actor })).value);
    },
  }),
];
