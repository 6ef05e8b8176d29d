/** Every row whose event was acknowledged is there, as it was told or as it may have become since (D-1, D-4). */
import { isDeepStrictEqual } from "node:util";
import type { Part, SessionEvent } from "@holdfast/protocol";
import type { Ledger } from "../ledger.ts";
import { brief, isOpenPart, whyNot } from "../ledger/may-become.ts";
import type { RowClaim } from "../ledger/row-book.ts";
import { rowOf, SESSION_KEY, settledSession } from "../ledger/row-key.ts";
import type { Picture, SessionPicture } from "./picture.ts";

type Told = { seq: number; value: Record<string, unknown> | undefined };

/** The log of one session, as a reader from the beginning gets it. */
class Log {
  readonly rows = new Map<string, Told>();
  readonly events = new Map<number, SessionEvent>();
  readonly gone = new Set<string>();

  constructor(replay: readonly SessionEvent[]) {
    for (const event of replay) {
      this.events.set(event.seq, event);
      if (event.type === "message.part.removed") this.gone.add(event.data.partId);
      if (event.type === "message.removed") this.gone.add(event.data.messageId);
      const row = rowOf(event);
      if (row !== undefined) this.rows.set(row.key, { seq: event.seq, value: row.value });
    }
  }
}

export function lostRows(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  const logs = new Map([...picture.sessions].map(([id, session]) => [id, new Log(session.replay)]));
  const shown = new Map([...picture.sessions].map(([id, session]) => [id, shownRows(session)]));
  for (const claim of ledger.rows.rows.values()) {
    if (ledger.deletions.has(claim.sessionId) || ledger.rows.gone.has(claim.key)) continue;
    const log = logs.get(claim.sessionId);
    const why =
      log === undefined
        ? "its session is gone"
        : (heldByLog(claim, log) ?? heldByRow(claim, log, shown.get(claim.sessionId)?.get(claim.key)));
    if (why !== undefined)
      wrong.push(`${claim.sessionId}: ${claim.key} of event ${claim.seq} (${claim.type}): ${why}`);
  }
  return [...wrong, ...lostFacts(ledger, logs), ...lostCounters(ledger, picture)];
}

/** A replay has the newest entry of each row: this one, or a later one. */
function heldByLog(claim: RowClaim, log: Log): string | undefined {
  const now = log.rows.get(claim.key);
  if (now === undefined) return log.gone.has(claim.key) ? undefined : "the log has no event of it";
  if (now.seq < claim.seq) return `the log's newest event of it is ${now.seq}`;
  if (claim.value === undefined || now.value === undefined) return undefined;
  if (now.seq > claim.seq) return whyNot(claim.key, claim.value, now.value);
  return isOpenText(claim.value)
    ? whyNot(claim.key, claim.value, now.value)
    : differs(claim.value, now.value);
}

/** A part that grows is replayed with its later deltas folded in (D-13). */
const isOpenText = (value: object): boolean => "messageId" in value && isOpenPart(value as Part);

const differs = (told: object, now: object): string | undefined =>
  isDeepStrictEqual(told, now) ? undefined : `was ${brief(told)} and is ${brief(now)}`;

function heldByRow(claim: RowClaim, log: Log, now: object | undefined): string | undefined {
  if (claim.value === undefined) return undefined;
  if (now !== undefined) return whyNot(claim.key, claim.value, now);
  const isListed = /^(trn|inp|per|qst)_/.test(claim.key);
  return isListed && !log.gone.has(claim.key) ? "the API has no such row" : undefined;
}

/** Rows of one session as the API gives them, by key. */
function shownRows(session: SessionPicture): Map<string, object> {
  const rows = new Map<string, object>([[SESSION_KEY, settledSession(session.session)]]);
  const { turns, inputs, permissions, questions } = session;
  for (const row of [...turns, ...inputs, ...permissions, ...questions]) rows.set(row.id, row);
  for (const { info, parts } of session.messages) {
    rows.set(info.id, info);
    for (const part of parts) rows.set(part.id, part);
  }
  return rows;
}

/** What an event said by itself stands in the log at its place. */
function lostFacts(ledger: Ledger, logs: ReadonlyMap<string, Log>): string[] {
  const wrong: string[] = [];
  for (const event of ledger.rows.facts.values()) {
    if (ledger.deletions.has(event.sessionId)) continue;
    const now = logs.get(event.sessionId)?.events.get(event.seq);
    if (now?.type !== event.type || !isDeepStrictEqual(now.data, event.data))
      wrong.push(
        `${event.sessionId}: event ${event.seq} (${event.type}) was acknowledged and is ${brief(now)}`,
      );
  }
  return wrong;
}

/** A seq is given once: the counter never falls behind what was told (D-3). */
function lostCounters(ledger: Ledger, picture: Picture): string[] {
  return [...ledger.rows.lastSeq].flatMap(([id, seq]) => {
    const now = picture.sessions.get(id)?.session.lastSeq;
    return now === undefined || now >= seq ? [] : [`${id}: seq ${seq} was told and the counter is at ${now}`];
  });
}
