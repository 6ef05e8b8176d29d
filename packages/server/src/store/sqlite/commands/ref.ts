import { HoldfastError, newId, notFound } from "@holdfast/kernel";
import {
  type Actor,
  type Caveats,
  type Grant,
  LIVE_RIGHTS,
  narrowed,
  type RefId,
  type Right,
  type TurnId,
  unenforceable,
  wholeRights,
} from "@holdfast/protocol";
import { refNotValid } from "../../model/index.ts";
import type { Applied, CreateRefCommand, RefCommands } from "../../port.ts";
import { announceRef } from "../announce-sessionless.ts";
import { recordKey, replayed } from "../replay-key.ts";
import {
  actorRow,
  findSession,
  refById,
  refByRid,
  type RefRow,
  refsAbove,
  refsBelow,
  toRefLine,
} from "../rows/index.ts";
import { countOf, type Write } from "../sql.ts";
import { endWorkOf } from "./ref-work.ts";

/** Refs of a session that were not revoked, children of one ref, and refs above one. */
const MOST_REFS = 10_000;
const MOST_CHILDREN = 100;
/** Children of one ref in all, ended ones included: whoever holds it may make and end them as fast as they like. */
const MOST_CHILDREN_EVER = 1_000;
const MOST_ABOVE = 8;

type Made = { refId: RefId };

const grantOf = (write: Write, row: RefRow): Grant => toRefLine(write, row, write.now).ref;

export function requireRef(write: Write, id: string): RefRow {
  const row = refById(write, id);
  if (row === undefined) throw notFound("ref", id);
  return row;
}

export function createRef(write: Write, command: CreateRefCommand): Applied<Grant> {
  const made = replayed<Made>(write, command.idempotency);
  if (made !== undefined) return { value: grantOf(write, requireRef(write, made.refId)), replayed: true };
  const known = refById(write, command.refId);
  if (known !== undefined) return { value: repeated(write, known, command), replayed: true };
  const session = findSession(write, command.sessionId);
  if (session === undefined) throw notFound("session", command.sessionId);
  const parent = command.parentId === undefined ? undefined : requireRef(write, command.parentId);
  if (parent !== undefined && parent.session_id !== command.sessionId) throw notFound("ref", parent.id);
  requireRoom(write, command.sessionId, parent);
  const allowed = allowedOf(write, command, parent);
  const limit = unenforceable(allowed);
  if (limit !== undefined)
    throw new HoldfastError(
      "CAVEAT_UNENFORCEABLE",
      `${limit} narrows what approve may answer, and cannot be kept ${allowed.rights.includes("prompt") ? "where prompt is given" : "without approve"}.`,
    );
  const row = insertRef(write, {
    ...command,
    ...allowed,
    parent: parent?.rid ?? null,
    epoch: capabilityEpoch(write, command.sessionId),
  });
  recordKey(write, command.idempotency, { refId: command.refId } satisfies Made, session.rid);
  return { value: grantOf(write, row), replayed: false };
}

/** The same ref as before, whoever repeats the request. */
function repeated(write: Write, row: RefRow, command: CreateRefCommand): Grant {
  const hash = write.get<{ hash: string }>("SELECT hash FROM ref WHERE rid = ?", row.rid)?.hash;
  const parentId = command.parentId ?? null;
  if (hash !== command.hash || row.session_id !== command.sessionId || row.parent_id !== parentId)
    throw new HoldfastError("CONFLICT", `Another ref has the id ${row.id}.`);
  return grantOf(write, row);
}

function requireRoom(write: Write, sessionId: string, parent: RefRow | undefined): void {
  const refuse = (text: string): never => {
    throw new HoldfastError("RATE_LIMITED", text);
  };
  if (countOf(write, "ref WHERE session_id = ? AND time_revoked IS NULL", sessionId) >= MOST_REFS)
    refuse(`Session ${sessionId} has ${MOST_REFS} refs, the most it may have. Revoke what nobody needs.`);
  if (parent === undefined) return;
  if (countOf(write, "ref WHERE parent = ? AND time_revoked IS NULL", parent.rid) >= MOST_CHILDREN)
    refuse(
      `Ref ${parent.id} has ${MOST_CHILDREN} narrower ones, the most it may have. Revoke what nobody needs.`,
    );
  if (countOf(write, "ref WHERE parent = ?", parent.rid) >= MOST_CHILDREN_EVER)
    refuse(
      `Ref ${parent.id} had ${MOST_CHILDREN_EVER} narrower ones, the most it ever may. Make another one.`,
    );
  if (refsAbove(write, parent).length >= MOST_ABOVE)
    throw new HoldfastError(
      "REF_WIDENS",
      `A ref may be narrowed ${MOST_ABOVE} times in a row, and ${parent.id} was.`,
    );
}

function allowedOf(
  write: Write,
  command: CreateRefCommand,
  parent: RefRow | undefined,
): { rights: Right[]; caveats: Caveats } {
  if (parent === undefined) return { rights: wholeRights(command.rights), caveats: command.caveats };
  const { ref, ended } = toRefLine(write, parent, write.now);
  if (ended !== undefined) throw refNotValid();
  const result = narrowed(ref, command);
  if ("allowed" in result) return result.allowed;
  throw new HoldfastError(
    "REF_WIDENS",
    `${result.widens} would allow more than ref ${ref.id} does. Ask for what it has, or less.`,
    { data: { widens: result.widens } },
  );
}

function insertRef(
  write: Write,
  ref: {
    refId: RefId;
    hash: string;
    sessionId: string;
    parent: number | null;
    rights: readonly Right[];
    caveats: Caveats;
    label: string;
    epoch: number;
    uses?: number;
    actor: Actor;
  },
): RefRow {
  if (write.get("SELECT 1 FROM ref WHERE hash = ?", ref.hash) !== undefined)
    throw new HoldfastError("CONFLICT", "Another ref has this secret. Choose a new one.");
  const rid = write.insert(
    `INSERT INTO ref (id, hash, parent, session_id, rights, caveats, label, epoch, uses, actor, time_created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ref.refId,
    ref.hash,
    ref.parent,
    ref.sessionId,
    JSON.stringify(ref.rights),
    JSON.stringify(ref.caveats),
    ref.label,
    ref.epoch,
    ref.uses ?? 0,
    actorRow(write, ref.actor),
    write.now,
  );
  return announceRef(write, rid, ref.actor);
}

/** What refs of the session must have. */
function capabilityEpoch(write: Write, sessionId: string): number {
  const row = write.get<{ capability_epoch: number }>(
    "SELECT capability_epoch FROM session WHERE id = ?",
    sessionId,
  );
  if (row === undefined) throw notFound("session", sessionId);
  return row.capability_epoch;
}

export function revokeRef(
  write: Write,
  command: Parameters<RefCommands["revokeRef"]>[0],
): Applied<{ ref: Grant; stopping: TurnId[] }> {
  const row = requireRef(write, command.refId);
  const answer = (stopping: TurnId[]) => ({ ref: grantOf(write, requireRef(write, row.id)), stopping });
  if (replayed(write, command.idempotency) !== undefined) return { value: answer([]), replayed: true };
  const below = refsBelow(write, row.rid);
  if (row.time_revoked === null) {
    write.run(
      "UPDATE ref SET time_revoked = ?, revoked_by = ?, revoked_reason = ? WHERE rid = ?",
      write.now,
      actorRow(write, command.actor),
      command.reason ?? null,
      row.rid,
    );
    for (const rid of below) announceRef(write, rid, command.actor);
  }
  const stopping =
    command.keepWork === true ? [] : endWorkOf(write, row.session_id, idsOf(write, below), command.actor);
  recordKey(write, command.idempotency, {});
  // What ends nothing any more is a repetition, whoever asks.
  return { value: answer(stopping), replayed: row.time_revoked !== null };
}

const idsOf = (write: Write, rids: readonly number[]): Set<string> =>
  new Set(rids.flatMap((rid) => refByRid(write, rid)?.id ?? []));

export function renewRefs(
  write: Write,
  command: Parameters<RefCommands["renewRefs"]>[0],
): Applied<{ ref: Grant; stopping: TurnId[] }> {
  const made = replayed<Made>(write, command.idempotency);
  const known = refById(write, made?.refId ?? command.refId);
  if (known !== undefined) {
    const renewed = { ...command, rights: [...LIVE_RIGHTS], caveats: {} };
    const ref = made === undefined ? repeated(write, known, renewed) : grantOf(write, known);
    return { value: { ref, stopping: [] }, replayed: true };
  }
  const before = capabilityEpoch(write, command.sessionId);
  if (before !== command.from)
    throw new HoldfastError("CONFLICT", `The epoch of session ${command.sessionId} is ${before} by now.`, {
      data: { epoch: before },
    });
  write.run("UPDATE session SET capability_epoch = ? WHERE id = ?", before + 1, command.sessionId);
  const ended = write.all<{ rid: number }>(
    "SELECT rid FROM ref WHERE session_id = ? AND time_revoked IS NULL ORDER BY rid",
    command.sessionId,
  );
  const allowed = renewedFor(write, command.use?.refId);
  for (const { rid } of ended) announceRef(write, rid, command.actor);
  const row = insertRef(write, { ...command, ...allowed, parent: null, epoch: before + 1 });
  const ids = idsOf(
    write,
    ended.map(({ rid }) => rid),
  );
  const stopping = endWorkOf(write, command.sessionId, ids, command.actor);
  recordKey(write, command.idempotency, { refId: command.refId } satisfies Made);
  return { value: { ref: grantOf(write, row), stopping }, replayed: false };
}

/** What the new ref may do: for the owner everything, for a ref that renews what it may itself, until when and as often as its whole line does (S-15). */
function renewedFor(
  write: Write,
  refId: RefId | undefined,
): { rights: readonly Right[]; caveats: Caveats; uses: number } {
  if (refId === undefined) return { rights: LIVE_RIGHTS, caveats: {}, uses: 0 };
  const row = requireRef(write, refId);
  const { ref, expires } = toRefLine(write, row, write.now);
  const caveats = expires === undefined ? ref.caveats : { ...ref.caveats, expiresAt: expires };
  const left = refsAbove(write, row).map(
    ({ caveats: limits, uses }) => ((JSON.parse(limits) as Caveats).maxUses ?? Infinity) - uses,
  );
  // This renewal is a use of it too.
  const uses = caveats.maxUses === undefined ? 0 : caveats.maxUses - Math.min(...left) + 1;
  return { rights: ref.rights, caveats, uses };
}

export function markRestored(write: Write, command: { actor: Actor }): { refs: number; shares: number } {
  const shares = write.run(
    "UPDATE share SET adopt = 1 WHERE state NOT IN ('revoked', 'expired', 'detached')",
  );
  write.run("UPDATE meta SET value = ? WHERE key = 'store_id'", newId("ins", write.now).slice(4));
  return { refs: endAll(write, command.actor), shares };
}

function endAll(write: Write, actor: Actor): number {
  const open = write.all<{ rid: number }>("SELECT rid FROM ref WHERE time_revoked IS NULL");
  for (const { rid } of open) {
    write.run(
      "UPDATE ref SET time_revoked = ?, revoked_by = ?, revoked_reason = ? WHERE rid = ?",
      write.now,
      actorRow(write, actor),
      "restored",
      rid,
    );
    announceRef(write, rid, actor);
  }
  return open.length;
}
