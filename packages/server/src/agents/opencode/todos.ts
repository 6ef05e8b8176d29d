import type { Todo } from "@holdfast/protocol";
import { objects, text } from "./json.ts";

const STATUS = new Set(["pending", "in_progress", "completed", "cancelled"]);
const PRIORITY = new Set(["high", "medium", "low"]);
const MAX_TODOS = 1_000;

/** opencode's todo list as ours. */
export function todosOf(value: unknown): Todo[] {
  return objects(value)
    .slice(0, MAX_TODOS)
    .flatMap(({ content, status, priority }) => {
      const words = text(content);
      if (words === undefined) return [];
      return [
        {
          content: words,
          status: STATUS.has(String(status)) ? (status as Todo["status"]) : "pending",
          priority: PRIORITY.has(String(priority)) ? (priority as Todo["priority"]) : "medium",
        },
      ];
    });
}
