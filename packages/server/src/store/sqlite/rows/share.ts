import type { Share, ShareState, StreamId } from "@holdfast/protocol";
import type { HeldRef, SendError, ShareBatch, StoredShare } from "../../port.ts";
import { countOf, fromJson, present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";
import { findWorkspaceHead, type WorkspaceHead } from "./workspace.ts";

export type ShareRow = {
  rid: number;
  id: string;
  session_id: string;
  /** 1 while its session is there. */
  has_session: number;
  title: string;
  service: string;
  state: ShareState;
  secrets: string;
  includes: string;
  expires: number | null;
  claim: number;
  adopt: number;
  store_id: string | null;
  capability_epoch: number;
  stream: string | null;
  begun: number;
  committed: number;
  cursor: number;
  chain: string | null;
  paging: string | null;
  paged_to: number;
  resyncs: string;
  attempts: number;
  next_retry: number | null;
  last_error: string | null;
  actor: number;
  time_created: number;
  time_updated: number;
  time_acknowledged: number | null;
  time_told: number;
  event_position: number;
};

export const SELECT_SHARE = `SELECT h.*, EXISTS (SELECT 1 FROM session s WHERE s.id = h.session_id) AS has_session FROM share h`;

export const findShare = (sql: Sql, id: string): ShareRow | undefined =>
  sql.get<ShareRow>(`${SELECT_SHARE} WHERE h.id = ?`, id);

export const shareByRid = (sql: Sql, rid: number): ShareRow | undefined =>
  sql.get<ShareRow>(`${SELECT_SHARE} WHERE h.rid = ?`, rid);

export function shareWorkspace(sql: Sql, row: ShareRow): WorkspaceHead | undefined {
  const session = sql.get<{ id: string }>(
    "SELECT w.id FROM session s JOIN workspace w ON w.rid = s.workspace WHERE s.id = ?",
    row.session_id,
  );
  return session && findWorkspaceHead(sql, session.id);
}

type Waiting = { marks: number; since: number | null };

/** States that go on by themselves, or once a person says so. */
const GOES_ON: ReadonlySet<ShareState> = new Set(["creating", "live", "paused", "parked"]);

/** What the outbox holds for a share: marks, and the operations of the frozen batch. One at least until readers see the stream that is sent. */
function waitingOf(sql: Sql, { rid, state, committed }: ShareRow): { waiting: number; since: number | null } {
  const marked = sql.get<Waiting>(
    "SELECT count(*) AS marks, min(time) AS since FROM share_dirty WHERE share = ?",
    rid,
  );
  const frozen = sql.get<Waiting>(
    `SELECT count(*) AS marks, min(b.time_frozen) AS since FROM share_batch b JOIN share_operation o ON o.batch = b.rid
     WHERE b.share = ? AND b.state IN ('pending', 'in_flight')`,
    rid,
  );
  const times = [marked?.since, frozen?.since].filter((time) => typeof time === "number");
  const unseen = committed === 0 && GOES_ON.has(state) ? 1 : 0;
  return {
    waiting: Math.max(unseen, (marked?.marks ?? 0) + (frozen?.marks ?? 0)),
    since: times.length === 0 ? null : Math.min(...times),
  };
}

/** As the API shows it: without its secrets. */
export function toShare(sql: Sql, row: ShareRow): Share {
  const { waiting, since } = waitingOf(sql, row);
  return present<Share>({
    id: row.id as Share["id"],
    sessionId: row.has_session === 1 ? (row.session_id as Share["sessionId"]) : undefined,
    title: row.title,
    service: row.service,
    state: row.state,
    waiting,
    waitingSince: since,
    attempts: row.attempts,
    nextRetryAt: row.next_retry,
    lastError: fromJson(row.last_error),
    omitted: countOf(sql, "share_sent WHERE share = ? AND omitted IS NOT NULL", row.rid),
    includes: JSON.parse(row.includes) as Share["includes"],
    expiresAt: row.expires,
    createdBy: loadActor(sql, row.actor),
    time: present<Share["time"]>({
      created: row.time_created,
      updated: row.time_updated,
      acknowledged: row.time_acknowledged,
    }),
  });
}

type Secrets = { owner: HeldRef; append: HeldRef; link: HeldRef };

/** With its secrets: for whoever speaks to the service. */
export function toStoredShare(sql: Sql, row: ShareRow): StoredShare {
  const { owner, append, link } = JSON.parse(row.secrets) as Secrets;
  return {
    id: row.id as StoredShare["id"],
    sessionId: row.session_id as StoredShare["sessionId"],
    title: row.title,
    service: row.service,
    state: row.state,
    owner,
    append,
    link,
    includes: JSON.parse(row.includes) as StoredShare["includes"],
    expiresAt: row.expires ?? undefined,
    claim: row.claim,
    adopt: row.adopt === 1,
    storeId: row.store_id ?? undefined,
    capabilityEpoch: row.capability_epoch,
    stream:
      row.stream === null
        ? undefined
        : {
            id: row.stream as StreamId,
            begun: row.begun === 1,
            committed: row.committed === 1,
            cursor: row.cursor,
            chain: row.chain ?? "",
          },
    paging: row.paging ?? undefined,
    resyncs: JSON.parse(row.resyncs) as number[],
    attempts: row.attempts,
    nextRetryAt: row.next_retry ?? undefined,
    lastError: fromJson<SendError>(row.last_error),
    createdBy: loadActor(sql, row.actor),
    time: { created: row.time_created },
  };
}

export type ShareBatchRow = {
  rid: number;
  id: string;
  share: number;
  stream: string;
  state: ShareBatch["state"];
  first_seq: number;
  last_seq: number;
  previous_chain: string;
  chain: string;
  attempts: number;
  next_retry: number | null;
  last_error: string | null;
  time_frozen: number;
  time_ended: number | null;
};

export const toBatch = (row: ShareBatchRow): ShareBatch => ({
  id: row.id as ShareBatch["id"],
  stream: row.stream as ShareBatch["stream"],
  state: row.state,
  firstSeq: row.first_seq,
  lastSeq: row.last_seq,
  previousChain: row.previous_chain,
  chain: row.chain,
  attempts: row.attempts,
  nextRetryAt: row.next_retry ?? undefined,
  lastError: fromJson<SendError>(row.last_error),
  time: { frozen: row.time_frozen, ended: row.time_ended ?? undefined },
});
