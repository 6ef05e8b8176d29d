import type { InputId, SessionId, ShareId } from "@holdfast/protocol";
import type { IdempotencyKey, Replay } from "../../port.ts";
import { replayed } from "../replay-key.ts";
import { findInput, findSession, findShare, toSession, toShare } from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { admittedRows } from "./input.ts";

/** A command, so that it sees what was sent before it; it writes nothing. */
export function findReplay(write: Write, key: IdempotencyKey): Replay | undefined {
  type Made = { sessionId?: SessionId; inputId?: InputId; shareId?: ShareId };
  const { sessionId, inputId, shareId } = replayed<Made>(write, key) ?? {};
  const share = shareId === undefined ? undefined : findShare(write, shareId);
  if (share !== undefined) return { share: toShare(write, share) };
  const session = sessionId === undefined ? undefined : findSession(write, sessionId);
  if (session !== undefined) return { session: toSession(session) };
  if (inputId === undefined || findInput(write, inputId) === undefined) return undefined;
  return { admitted: admittedRows(write, inputId) };
}
