/** The answer as JSON of an agent that gives it by a call. Pure. */
import type { MessageInfo, Part, ToolPart } from "@holdfast/protocol";

const TOOL = "StructuredOutput";

/** What became of it: its value once it was taken, why it was not, or nothing as long as nobody judged it. */
export type JsonAnswer = { value: unknown; isTaken: boolean; problem: string | undefined };

/** Of a call that gives the answer, once it is over without an error. */
export function jsonAnswerOf(part: Part, info: MessageInfo): JsonAnswer | undefined {
  if (!isAnswerCall(part) || part.state.status !== "completed" || info.role !== "assistant") return undefined;
  if (info.structured !== undefined) return { value: info.structured, isTaken: true, problem: undefined };
  return { value: part.state.input, isTaken: false, problem: problemOf(info.metadata) };
}

const isAnswerCall = (part: Part): part is ToolPart => part.type === "tool" && part.tool === TOOL;

function problemOf(metadata: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const validation = metadata?.["validation"];
  if (typeof validation !== "object" || validation === null || !("problem" in validation)) return undefined;
  return typeof validation.problem === "string" ? validation.problem : undefined;
}
