/** What is said of a subtask beside its part: the call of the parent that stands for it, and the command that its child is given. */
import { z } from "zod";
import { agentIdSchema } from "./common.ts";
import { sessionIdSchema, turnIdSchema } from "./id.ts";
import type { InputPart } from "./input.ts";
import type { Part, ToolPart } from "./part.ts";

/** Most subtasks of one input: what all of them answered goes out in one block of its prompt. */
export const MOST_SUBTASKS = 8;

/** How many sessions may stand above the child of a subtask. */
export const SUBTASK_DEPTH = 3;

/** The tool that such a call names. */
export const SUBTASK_TOOL = "task";

const MARK = "subtask";
const linkSchema = z.object({
  holdfast: z.literal(MARK),
  sessionId: sessionIdSchema,
  turnId: turnIdSchema,
  agent: agentIdSchema,
});

/** Where a subtask runs: the turn of its child session, and who works there. */
export type SubtaskLink = Omit<z.infer<typeof linkSchema>, "holdfast">;

/** The metadata of the call that stands for a subtask in its parent. */
export const subtaskMetadata = (link: SubtaskLink): NonNullable<ToolPart["metadata"]> => ({
  holdfast: MARK,
  ...link,
});

/** Where the subtask runs that a part stands for; `undefined` for any other part. */
export function subtaskOf(part: Part): SubtaskLink | undefined {
  if (part.type !== "tool" || part.metadata?.["holdfast"] !== MARK) return undefined;
  const { data } = linkSchema.safeParse(part.metadata);
  if (data === undefined) return undefined;
  const { holdfast: _mark, ...link } = data;
  return link;
}

type TextInput = Extract<InputPart, { type: "text" }>;

/** What an agent is told that is to run a command of its own. */
export const commandText = (command: string, words: string): TextInput => ({
  type: "text",
  text: words === "" ? `/${command}` : `/${command} ${words}`,
  metadata: { holdfast: "command", command },
});

/** The command that a part asks for by name, so that one that its agent does not offer is refused and not taken for words. */
export function commandNamed(part: Part): string | undefined {
  if (part.type !== "text" || part.metadata?.["holdfast"] !== "command") return undefined;
  const name = part.metadata["command"];
  return typeof name === "string" ? name : undefined;
}
