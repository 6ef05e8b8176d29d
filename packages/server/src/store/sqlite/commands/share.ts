/**
 * The life of a share (S-2): a row of its own, which outlives its session.
 *
 *   creating ─► live ◄─► paused | parked | fenced ─► revoking ─► revoked
 *                 └────► expired | detached
 *
 * - What is chosen (ids, secrets, epochs) is committed before anybody is told, as a task that waits; a task's end is what the service said of it.
 * - One sender at a time: a claim is raised by each, and what a former one still writes is refused.
 */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, Share, ShareId, ShareState } from "@holdfast/protocol";
import type { Applied, HeldRef, ShareChange, ShareClaim, ShareCommands, ShareTask } from "../../port.ts";
import { once, recordKey, replayed } from "../replay-key.ts";
import { actorRow, findSession, findShare, type ShareRow, toShare } from "../rows/index.ts";
import { TAKES_MARKS } from "../share-marks.ts";
import { claimedShare, countShares, putState, requireShare, SENDER, tellShare } from "../share-rows.ts";
import { toJson, type Write } from "../sql.ts";

type CommandOf<N extends keyof ShareCommands> = Parameters<ShareCommands[N]>[0];

/** Nonces that a publisher names as its own earlier ones (S-23). */
const KEPT_NONCES = 1_000;

const current = (write: Write, id: string): Share => toShare(write, requireShare(write, id));

export function createShare(write: Write, command: CommandOf<"createShare">): Applied<Share> {
  const before = replayed<{ shareId: ShareId }>(write, command.idempotency);
  if (before !== undefined) return { value: current(write, before.shareId), replayed: true };
  const { share } = command;
  if (findSession(write, share.sessionId) === undefined) throw notFound("session", share.sessionId);
  const { owner, append, link } = share;
  const rid = write.insert(
    `INSERT INTO share (id, session_id, title, service, state, secrets, includes, expires, actor, time_created, time_updated)
     VALUES (?, ?, ?, ?, 'creating', ?, ?, ?, ?, ?, ?)`,
    share.id,
    share.sessionId,
    share.title,
    share.service,
    JSON.stringify({ owner, append, link }),
    JSON.stringify(share.includes),
    share.expiresAt ?? null,
    actorRow(write, command.actor),
    write.now,
    write.now,
  );
  putTasks(write, rid, command.tasks);
  countShares(write, share.sessionId);
  tellShare(write, rid, command.actor);
  recordKey(write, command.idempotency, { shareId: share.id });
  return { value: current(write, share.id), replayed: false };
}

function putTasks(write: Write, share: number, tasks: readonly ShareTask[]): void {
  for (const task of tasks)
    write.run(
      "INSERT INTO share_task (share, state, task, time) VALUES (?, 'pending', ?, ?)",
      share,
      JSON.stringify(task),
      write.now,
    );
}

export function changeShare(write: Write, command: CommandOf<"changeShare">): Applied<Share> {
  const { shareId, from, tasks = [] } = command;
  const change = () => {
    const row = requireShare(write, shareId);
    if (from !== undefined && !from.includes(row.state))
      throw new HoldfastError("CONFLICT", `Share ${shareId} is ${row.state}.`, {
        data: { state: row.state },
      });
    applyChange(write, row, command.change);
    putTasks(write, row.rid, tasks);
    tellShare(write, row.rid, command.actor);
  };
  return once(write, command.idempotency, change, () => current(write, shareId));
}

/** Fields of a change that are absent stay as they are. */
function applyChange(write: Write, row: ShareRow, change: ShareChange): void {
  const { state } = change;
  const set = (column: string, value: number | string | null | undefined) => {
    if (value !== undefined) write.run(`UPDATE share SET ${column} = ? WHERE rid = ?`, value, row.rid);
  };
  if (state !== undefined && state !== row.state) putState(write, row, reached(write, row, state));
  set("adopt", change.adopt === undefined ? undefined : Number(change.adopt));
  set("store_id", change.storeId);
  set("capability_epoch", change.capabilityEpoch);
  set("attempts", change.attempts);
  set("next_retry", change.nextRetryAt);
  set("last_error", change.lastError === undefined ? undefined : toJson(change.lastError));
  set("title", change.title);
  set("expires", change.expiresAt);
  set("begun", change.begun === undefined ? undefined : 1);
  if (change.committed === true) {
    set("committed", 1);
    // The next one that is needed does not wait for those of before (S-33).
    set("resyncs", "[]");
  }
  if (change.link !== undefined)
    write.run(
      "UPDATE share SET secrets = json_set(secrets, '$.link', json(?)) WHERE rid = ?",
      JSON.stringify(change.link),
      row.rid,
    );
  // A person's word begins anew.
  if (state === "live" && row.state === "parked") set("resyncs", "[]");
}

/** A share that the service was not told of goes on where it was. */
function reached(write: Write, row: ShareRow, state: ShareState): ShareState {
  return state === "live" && pendingCreate(write, row) ? "creating" : state;
}

const pendingCreate = (write: Write, { rid }: ShareRow): boolean =>
  write.get(
    "SELECT 1 FROM share_task WHERE share = ? AND state = 'pending' AND task ->> '$.kind' = 'create'",
    rid,
  ) !== undefined;

/**
 * What the end of a session is for its shares, in its transaction (S-2, S-32): they are taken back, or with `keep` left as they are. CONFLICT while one that
 * is to be kept has something that was not sent.
 */
export function endShares(write: Write, sessionId: string, keep: boolean, actor: Actor): void {
  const rows = write.all<{ id: string; rid: number }>(
    `SELECT id, rid FROM share WHERE session_id = ? AND ${TAKES_MARKS}`,
    sessionId,
  );
  for (const { id, rid } of rows) {
    const row = requireShare(write, id);
    if (keep && !isDrained(write, row))
      throw new HoldfastError(
        "CONFLICT",
        `Share ${id} has rows that its service does not have yet. Let it finish, or delete without keeping it.`,
        { data: { shareId: id } },
      );
    putState(write, row, keep ? "detached" : "revoking");
    tellShare(write, rid, actor);
  }
}

const isDrained = (write: Write, row: ShareRow): boolean =>
  row.committed === 1 &&
  row.paging === null &&
  write.get("SELECT 1 FROM share_dirty WHERE share = ? LIMIT 1", row.rid) === undefined &&
  write.get("SELECT 1 FROM share_batch WHERE share = ? AND state IN ('pending', 'in_flight')", row.rid) ===
    undefined &&
  write.get("SELECT 1 FROM share_task WHERE share = ? AND state = 'pending'", row.rid) === undefined;

export function claimShare(
  write: Write,
  { shareId, nonce }: CommandOf<"claimShare">,
): { claim: number; earlier: string[] } {
  const { rid, claim } = requireShare(write, shareId);
  write.run("UPDATE share SET claim = claim + 1 WHERE rid = ?", rid);
  write.run("UPDATE share_batch SET state = 'pending' WHERE share = ? AND state = 'in_flight'", rid);
  const earlier = write.all<{ nonce: string }>(
    `SELECT nonce FROM share_nonce WHERE share = ? ORDER BY rid DESC LIMIT ${KEPT_NONCES}`,
    rid,
  );
  write.run("INSERT INTO share_nonce (share, nonce) VALUES (?, ?)", rid, nonce);
  write.run(
    `DELETE FROM share_nonce WHERE share = ? AND rid NOT IN (SELECT rid FROM share_nonce WHERE share = ? ORDER BY rid DESC LIMIT ${KEPT_NONCES})`,
    rid,
    rid,
  );
  return { claim: claim + 1, earlier: earlier.map((row) => row.nonce) };
}

/** What a person decided meanwhile is not taken back: only from the states that a sender works in does it move the share to another one. */
export function settleShare(write: Write, command: ShareClaim & { change: ShareChange }): void {
  const row = claimedShare(write, command);
  const { state, ...rest } = command.change;
  const may = state !== undefined && MOVES[row.state].includes(state);
  applyChange(write, row, may ? { ...rest, state } : rest);
  if (may || isNews(row, rest)) tellShare(write, row.rid);
}

/** Where a sender may move a share from each state. */
const MOVES: Readonly<Record<ShareState, readonly ShareState[]>> = {
  creating: ["live", "parked", "revoked", "expired"],
  live: ["parked", "fenced", "revoked", "expired"],
  paused: ["revoked", "expired"],
  fenced: ["revoked", "expired"],
  parked: ["revoked", "expired"],
  revoking: ["revoked"],
  revoked: [],
  expired: ["revoked"],
  detached: ["revoked"],
};

/** Whether somebody who looks at the share would see a difference that is worth an event. */
function isNews(row: ShareRow, change: ShareChange): boolean {
  if (change.committed !== undefined || change.expiresAt !== undefined) return true;
  if (change.lastError === undefined) return false;
  const before = row.last_error === null ? null : (JSON.parse(row.last_error) as { code: string });
  return before?.code !== change.lastError?.code || (change.attempts ?? 0) !== row.attempts;
}

export function endShareTask(write: Write, command: CommandOf<"endShareTask">): void {
  const row = claimedShare(write, command);
  const found = write.get<{ rid: number; task: string }>(
    "SELECT rid, task FROM share_task WHERE share = ? AND rid = ? AND state = 'pending'",
    row.rid,
    command.number,
  );
  if (found === undefined) return;
  write.run(
    "UPDATE share_task SET state = ?, error = ?, time = ? WHERE rid = ?",
    command.state,
    toJson(command.error),
    write.now,
    found.rid,
  );
  const task = JSON.parse(found.task) as ShareTask;
  if (command.state === "done" && task.kind === "bump") renew(write, row, found.rid, task);
  if (command.state === "done" && task.kind === "create" && row.state === "creating")
    putState(write, row, "live");
  if (command.error !== undefined)
    write.run("UPDATE share SET last_error = ? WHERE rid = ?", toJson(command.error), row.rid);
  tellShare(write, row.rid);
}

/** The epoch is another one: what was granted before it is dead for good, so nobody has to be told of it again. */
function renew(
  write: Write,
  row: ShareRow,
  number: number,
  task: Extract<ShareTask, { kind: "bump" }>,
): void {
  holdRefs(write, row.rid, task);
  write.run("UPDATE share SET capability_epoch = ? WHERE rid = ?", task.from + 1, row.rid);
  write.run(
    "DELETE FROM share_task WHERE share = ? AND rid < ? AND state <> 'pending' AND task ->> '$.kind' IN ('mint', 'revokeRef')",
    row.rid,
    number,
  );
}

function holdRefs(write: Write, share: number, { owner, append }: { owner: HeldRef; append: HeldRef }): void {
  write.run(
    "UPDATE share SET secrets = json_set(secrets, '$.owner', json(?), '$.append', json(?)) WHERE rid = ?",
    JSON.stringify(owner),
    JSON.stringify(append),
    share,
  );
}

type TaskRow = { rid: number; state: string; task: string };

/**
 * From the create on, with the grants it was made with; a bump puts the later ones in their place again. What is about grants comes behind the bumps, as it
 * stands; what stood before the last bump is ended by it, and is not made again behind it.
 */
export function repeatShareTasks(write: Write, command: CommandOf<"repeatShareTasks">): void {
  const row = claimedShare(write, command);
  const tasks = write
    .all<TaskRow>(
      "SELECT rid, state, task FROM share_task WHERE share = ? AND state <> 'failed' ORDER BY rid",
      row.rid,
    )
    .map((found) => ({ rid: found.rid, task: JSON.parse(found.task) as ShareTask }));
  const create = tasks.find(({ task }) => task.kind === "create")?.task;
  if (create?.kind === "create") {
    holdRefs(write, row.rid, create);
    write.run("UPDATE share SET capability_epoch = 1 WHERE rid = ?", row.rid);
  }
  for (const { rid } of tasks) write.run("DELETE FROM share_task WHERE rid = ?", rid);
  const isFirst = (task: ShareTask) => task.kind === "create" || task.kind === "bump";
  const lastBump = tasks.findLastIndex(({ task }) => task.kind === "bump");
  const isOver = (task: ShareTask, at: number) =>
    at < lastBump && (task.kind === "mint" || task.kind === "revokeRef");
  const again = tasks.flatMap(({ task }, at) => (isOver(task, at) ? [] : task));
  putTasks(write, row.rid, [
    ...again.filter((task) => isFirst(task)),
    ...again.filter((task) => !isFirst(task)),
  ]);
  if (command.storeId !== undefined) revokeAgain(write, row, command.storeId);
}

/** A restored service may have shares again that were taken back. */
function revokeAgain(write: Write, row: ShareRow, storeId: string): void {
  write.run("UPDATE share SET store_id = ? WHERE rid = ?", storeId, row.rid);
  const gone = write.all<{ id: string }>(
    "SELECT id FROM share WHERE service = ? AND state = 'revoked' AND store_id IS NOT ?",
    row.service,
    storeId,
  );
  for (const { id } of gone) {
    const other = findShare(write, id);
    if (other === undefined) continue;
    write.run("UPDATE share SET store_id = ? WHERE rid = ?", storeId, other.rid);
    putState(write, other, "revoking");
    tellShare(write, other.rid, SENDER);
  }
}
