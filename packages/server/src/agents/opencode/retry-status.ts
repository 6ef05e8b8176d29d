import { triedError } from "../model-error.ts";
import type { ContentEvent } from "../port.ts";
import { count, text, type Json } from "./json.ts";

/** What a session's status says of tries: that a step failed and waits for the next one, or that it works. */
export function retryOf(status: Json): Extract<ContentEvent, { type: "retry" }> | undefined {
  if (status["type"] === "busy") return { type: "retry" };
  const [attempt, next] = [count(status["attempt"]), count(status["next"])];
  if (status["type"] !== "retry" || attempt === undefined || next === undefined) return undefined;
  const message = text(status["message"]) ?? "The model's provider failed.";
  return { type: "retry", failed: { attempt, error: triedError({ message }), next } };
}
