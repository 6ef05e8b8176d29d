import { triedError } from "../model-error.ts";
import type { ContentEvent } from "../port.ts";
import { isObject } from "./wire-message.ts";

/**
 * ACP has no word for it: an agent may say in the `_meta` of an update of its session's state that a failed model call will be tried again
 * (`{attempt, message, next}`), and with `null` that it goes on.
 */
const KEY = "holdfast/retry";

/** What an update says of tries; `undefined` when it says nothing that can be read. */
export function retryOf(
  update: Record<string, unknown>,
): Extract<ContentEvent, { type: "retry" }> | undefined {
  const told = isObject(update["_meta"]) ? update["_meta"][KEY] : undefined;
  if (told === null) return { type: "retry" };
  if (!isObject(told)) return undefined;
  const { attempt, message, next, ...facts } = told;
  if (!isCount(attempt) || !isCount(next) || typeof message !== "string") return undefined;
  return { type: "retry", failed: { attempt, error: triedError({ ...facts, message }), next } };
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0;
