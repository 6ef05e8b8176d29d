import type { Todo } from "@holdfast/protocol";
import type { ContentEvent } from "../port.ts";
import { blockText, toolUpdateOf } from "./tool-update.ts";
import { isObject } from "./wire-message.ts";

/** What an update is, by its kind: `echo` is the user's own words, which only a replay tells. */
export type UpdateClass = "content" | "state" | "echo" | "unknown";

const CLASSES = new Map<string, UpdateClass>(
  Object.entries({
    user_message_chunk: "echo",
    agent_message_chunk: "content",
    agent_thought_chunk: "content",
    tool_call: "content",
    tool_call_update: "content",
    plan: "content",
    available_commands_update: "state",
    current_mode_update: "state",
    config_option_update: "state",
    session_info_update: "state",
    usage_update: "state",
  } satisfies Record<string, UpdateClass>),
);

/** Looks a kind up; what the table does not know is kept as it came. */
export function classOf(kind: string): UpdateClass {
  return CLASSES.get(kind) ?? "unknown";
}

/** The event of a content update; `undefined` when it is empty or has a shape that nothing can be made of. */
export function contentOf(
  kind: string,
  update: Record<string, unknown>,
  toolKinds: Readonly<Record<string, string>>,
): ContentEvent | undefined {
  switch (kind) {
    case "agent_message_chunk":
      return chunkOf("text", update);
    case "agent_thought_chunk":
      return chunkOf("reasoning", update);
    case "plan":
      return { type: "plan", todos: todosOf(update["entries"]) };
    default: {
      const tool = toolUpdateOf(update, toolKinds);
      return tool && { type: "tool", update: tool };
    }
  }
}

/** True for a chunk that only carries facts beside an empty text. */
export function isEmptyChunk(update: Record<string, unknown>): boolean {
  const content = update["content"];
  return isObject(content) && content["type"] === "text" && content["text"] === "";
}

function chunkOf(type: "text" | "reasoning", update: Record<string, unknown>): ContentEvent | undefined {
  const text = isObject(update["content"]) ? blockText(update["content"]) : undefined;
  if (text === undefined || text === "") return undefined;
  const { messageId } = update;
  return typeof messageId === "string" ? { type, text, streamId: messageId } : { type, text };
}

const TODO_STATUS = new Set(["pending", "in_progress", "completed", "cancelled"]);
const TODO_PRIORITY = new Set(["high", "medium", "low"]);
const MAX_TODOS = 1_000;

function todosOf(entries: unknown): Todo[] {
  const list = (Array.isArray(entries) ? entries : []).filter(isObject).slice(0, MAX_TODOS);
  return list.flatMap(({ content, status, priority }) => {
    if (typeof content !== "string") return [];
    return [
      {
        content,
        status: TODO_STATUS.has(String(status)) ? (status as Todo["status"]) : "pending",
        priority: TODO_PRIORITY.has(String(priority)) ? (priority as Todo["priority"]) : "medium",
      },
    ];
  });
}
