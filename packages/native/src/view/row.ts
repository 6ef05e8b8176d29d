/** What the rows of a session say to this agent. Pure. */
import { type Message, type PartOf, subtaskOf, type ToolPart } from "@holdfast/protocol";

export type Answer = Message & { info: Extract<Message["info"], { role: "assistant" }> };
export type Asked = Message & { info: Extract<Message["info"], { role: "user" }> };

export const isAnswer = (message: Message): message is Answer => message.info.role === "assistant";
export const isAsked = (message: Message): message is Asked => message.info.role === "user";

/**
 * Whether this program said it: `native:build`, `native:plan`, and what it calls its subagents. Only what it said itself is given back with what the
 * provider signed, and only its own summaries take the place of what came before: another agent's tell what that one knew.
 */
export const isOwn = ({ info }: Message): boolean => info.agent.startsWith("native:");

/** What an agent wrote to remember by, whether it came to its end or not. */
export const isSummary = (message: Message): boolean => isAnswer(message) && message.info.summary === true;

export const compactionOf = ({ parts }: Message): PartOf<"compaction"> | undefined =>
  parts.find((part) => part.type === "compaction");

/** The words of an answer that stand. */
export const wordsOf = ({ parts }: Message): string =>
  parts
    .flatMap((part) => (part.type === "text" && part.attempt === undefined ? [part.text] : []))
    .join("")
    .trim();

/** A summary of this program that stands for what came before it (session-model 16). */
export const isBoundary = (message: Message): message is Answer =>
  isAnswer(message) &&
  message.info.summary === true &&
  message.info.finish !== undefined &&
  message.info.error === undefined &&
  isOwn(message) &&
  compactionOf(message) !== undefined &&
  wordsOf(message) !== "";

/**
 * The call that stands for a subtask of the user's message, and is named by that part. A call by which a model gave work to another agent has the same mark,
 * and is the model's own.
 */
export const isUsersCall = (part: ToolPart): boolean =>
  subtaskOf(part) !== undefined && part.callId.startsWith("prt_");

/** A call that was begun: it may have had effects. */
export const hasBegun = ({ state }: ToolPart): boolean => state.status !== "pending";

/** By their places in the history. */
export const isBefore = (one: Message, other: Message): boolean =>
  one.info.ordinal !== undefined && other.info.ordinal !== undefined && one.info.ordinal < other.info.ordinal;
