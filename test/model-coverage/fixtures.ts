/** What several agents are given to read and to plan. */

/** A picture of one dot, as base64. */
export const DOT =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The input of a tool for plans, with every status and priority. */
export const TODOS = JSON.stringify({
  todos: ["pending", "in_progress", "completed", "cancelled"].map((status, at) => ({
    content: status,
    status,
    priority: ["high", "medium", "low", "low"][at],
  })),
});
