/** What an agent says beside its answer, without the secrets of the MCP servers that it was given. Pure. */
import { secretMask } from "@holdfast/kernel";
import type { SessionError } from "@holdfast/protocol";
import type { AgentEvent } from "../../agents/index.ts";
import { secretsOf, type StartedTurn } from "../../store/index.ts";
import { isNote } from "./note.ts";

/** Takes the secrets out of a text. */
export type Mask = (text: string) => string;

export const maskOf = ({ mcpServers }: Pick<StartedTurn, "mcpServers">): Mask =>
  secretMask(secretsOf(mcpServers));

/** What of an error is the words of an agent, or of whom it asked; the rest are names. */
const WORDS = new Set(["message", "responseBody", "responseHeaders", "metadata"]);

export function maskedError<E extends SessionError>(mask: Mask, error: E): E {
  const data = Object.entries(error.data).map(([name, value]: [string, unknown]) => [
    name,
    WORDS.has(name) ? masked(mask, value) : value,
  ]);
  return { ...error, data: Object.fromEntries(data) as unknown };
}

/** Its answer stays as it is: what it says there was asked for. */
export function maskedEvent<E extends AgentEvent>(mask: Mask, event: E): E {
  if (isNote(event)) return { ...event, tail: mask(event.tail) };
  if (event.type !== "retry" || event.failed === undefined) return event;
  return { ...event, failed: { ...event.failed, error: maskedError(mask, event.failed.error) } };
}

function masked(mask: Mask, value: unknown): unknown {
  if (typeof value === "string") return mask(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, text]: [string, unknown]) => [name, masked(mask, text)]),
  );
}
