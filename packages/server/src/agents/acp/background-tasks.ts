/**
 * The background tasks of an agent's own, as claude-agent-acp tells them: messages of its SDK that it was asked to pass on when its session was
 * opened. Each one names all that run.
 */
import { MAX_BACKGROUND_NAME } from "@holdfast/protocol";
import type { Quirks } from "../catalog/index.ts";
import { isObject } from "./wire-message.ts";

/** The notification that carries one. */
export const SDK_MESSAGE = "_claude/sdkMessage";
const SUBTYPE = "background_tasks_changed";

/** What the opening of a session asks for. */
export function askForTasks({ startsTurns }: Quirks): { _meta?: Record<string, unknown> } {
  if (startsTurns === undefined) return {};
  return { _meta: { claudeCode: { emitRawSDKMessages: [{ type: "system", subtype: SUBTYPE }] } } };
}

/** The names of the tasks that run now; `undefined` for a message that tells none, or not of this session. */
export function tasksIn(line: string, sessionId: string | undefined): string[] | undefined {
  const message: unknown = JSON.parse(line);
  const params = isObject(message) ? message["params"] : undefined;
  if (!isObject(params) || params["sessionId"] !== sessionId) return undefined;
  const told = params["message"];
  if (!isObject(told) || told["subtype"] !== SUBTYPE || !Array.isArray(told["tasks"])) return undefined;
  // What the program runs for itself wakes nobody.
  return told["tasks"].filter((task) => !isObject(task) || task["ambient"] !== true).map(nameOf);
}

function nameOf(task: unknown): string {
  if (!isObject(task)) return "";
  const name = [task["description"], task["task_type"], task["task_id"]].find(
    (each) => typeof each === "string",
  );
  return (name ?? "").slice(0, MAX_BACKGROUND_NAME);
}
