import { todoSchema } from "@holdfast/protocol";
import { z } from "zod";
import type { Tool } from "./tool.ts";

/** Entries of a plan, and characters of one. */
const MOST = 100;
const LENGTH = 1_000;

const input = z.object({
  todos: z
    .array(z.object({ ...todoSchema.shape, content: z.string().min(1).max(LENGTH) }))
    .max(MOST)
    .describe("The whole plan: it takes the place of the one before."),
});

export const todoTool: Tool<typeof input> = {
  id: "todo",
  kind: "think",
  description:
    "Keeps the plan of this session, which people see: use it for work of several steps, with one entry in_progress at a time, and mark an entry completed as soon as it is.",
  input,
  title: () => "Update the plan",
  run({ todos }, context) {
    context.plan(todos);
    const left = todos.filter(({ status }) => status === "pending" || status === "in_progress").length;
    const lines = todos.map(({ status, content, priority }) => `[${status}] (${priority}) ${content}`);
    return Promise.resolve({
      title: `Plan: ${left} of ${todos.length} left`,
      output: lines.length === 0 ? "The plan is empty." : lines.join("\n"),
      metadata: { left },
    });
  },
};
