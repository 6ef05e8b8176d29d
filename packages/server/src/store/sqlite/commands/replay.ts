import type { InputId, SessionId } from "@holdfast/protocol";
import type { IdempotencyKey, Replay } from "../../port.ts";
import { replayed } from "../replay-key.ts";
import { findInput, findSession, toSession } from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { admittedRows } from "./input.ts";

/** A command, so that it sees what was sent before it; it writes nothing. */
export function findReplay(write: Write, key: IdempotencyKey): Replay | undefined {
  const { sessionId, inputId } = replayed<{ sessionId?: SessionId; inputId?: InputId }>(write, key) ?? {};
  const session = sessionId === undefined ? undefined : findSession(write, sessionId);
  if (session !== undefined) return { session: toSession(session) };
  if (inputId === undefined || findInput(write, inputId) === undefined) return undefined;
  return { admitted: admittedRows(write, inputId) };
}
