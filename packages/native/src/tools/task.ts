import { z } from "zod";
import { plain } from "./files/index.ts";
import type { Tool } from "./tool.ts";

/** Agents that a task may be given to, with what the model is told of them. */
const AGENTS = {
  general: "general may change files and run commands",
  explore: "explore reads and searches only",
};
type AgentName = keyof typeof AGENTS;

const inputOf = (agents: readonly AgentName[]) =>
  z.object({
    description: z.string().min(1).max(200).describe("The task in three to ten words, for people."),
    prompt: z
      .string()
      .min(1)
      .max(100_000)
      .describe("All that the agent has to know: it sees nothing of this session."),
    agent: z.enum(agents).describe(`${agents.map((agent) => AGENTS[agent]).join("; ")}.`),
  });

export const taskTool = (agents: readonly AgentName[]): Tool<ReturnType<typeof inputOf>> => ({
  id: "task",
  kind: "other",
  description:
    "Gives a task to another agent, which works by itself and answers once, at its end: for searches of many steps, or work beside yours. Several may run at the same time.",
  input: inputOf(agents),
  title: ({ description }) => plain(description),
  async run({ agent, description, prompt }, context) {
    const { text, sessionId } = await context.task({ agent, description, prompt });
    return { title: plain(description), output: text, metadata: { sessionId, agent } };
  },
});
