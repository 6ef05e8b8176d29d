/**
 * What the appends of a running turn remember between two commands, so that the hot path writes and hardly reads (D-12, D-34).
 *
 * - It lives in the runner's memory, which is emptied when anything is undone and when another connection has written.
 * - Whatever else changes these rows appends an event of the session (D-1). An append reserves its seqs by one UPDATE on the epoch and the last seq that
 *   are remembered, which is also the fence (D-3, D-17): when the row says otherwise, nothing of what is remembered is used, and all is read again.
 */
import type { Actor, DeltaField, Part } from "@holdfast/protocol";
import { fieldLengths, isOpen } from "../model/index.ts";
import {
  fieldLength,
  findMessage,
  findPartHead,
  type PartHead,
  type SessionHead,
  type TurnHead,
} from "./rows/index.ts";
import type { Write } from "./sql.ts";

/** Turns remembered at once; beyond it everything is forgotten and read again, which is slow and right. */
const MAX_TURNS = 256;
/** Parts remembered of one turn. */
const MAX_PARTS = 1_024;

type PartMemory = { head: PartHead; lengths: Map<DeltaField, number | undefined> };
type MessageMemory = { rid: number; nextOrdinal: number };

/** One running turn with its session and the rows its next append is likely to touch. */
export class TurnMemory {
  readonly turn: TurnHead;
  readonly session: SessionHead;
  readonly epoch: number;
  readonly actor: Actor;
  readonly actorRid: number;
  readonly #parts = new Map<string, PartMemory>();
  readonly #messages = new Map<string, MessageMemory>();

  constructor(known: Pick<TurnMemory, "turn" | "session" | "epoch" | "actor" | "actorRid">) {
    this.turn = known.turn;
    this.session = known.session;
    this.epoch = known.epoch;
    this.actor = known.actor;
    this.actorRid = known.actorRid;
  }

  /** The part with this id, of whatever session, read when it is not remembered. */
  part(write: Write, id: string): PartHead | undefined {
    const known = this.#parts.get(id);
    if (known !== undefined) return known.head;
    const head = findPartHead(write, id);
    if (head?.session === this.session.rid) this.#keep(id, { head, lengths: new Map() });
    return head;
  }

  /** Where the next delta of a field of a part of this session must begin, undefined when it takes none there now. */
  fieldLength(write: Write, head: PartHead, field: DeltaField): number | undefined {
    if (head.open !== 1) return undefined;
    const lengths = this.#parts.get(head.id)?.lengths;
    if (lengths === undefined) return fieldLength(write, head, field);
    if (!lengths.has(field)) lengths.set(field, fieldLength(write, head, field));
    return lengths.get(field);
  }

  grow(id: string, field: DeltaField, length: number): void {
    this.#parts.get(id)?.lengths.set(field, length);
  }

  /** A part as it was just written, whole, at `seq`. */
  keepPart(place: Pick<PartHead, "rid" | "ordinal">, part: Part, seq: number): void {
    const { id, type, messageId } = part;
    const open = isOpen(part) ? 1 : 0;
    this.#keep(id, {
      head: { ...place, id, type, session: this.session.rid, message_id: messageId, open, seq },
      lengths: fieldLengths(part),
    });
  }

  /** The part is gone. */
  forgetPart(id: string): void {
    this.#parts.delete(id);
  }

  /** A message of this turn and the place of its next part, which whoever inserts there moves on. */
  message(write: Write, id: string): MessageMemory | undefined {
    const known = this.#messages.get(id);
    if (known !== undefined) return known;
    const row = findMessage(write, id);
    if (row === undefined || row.turn !== this.turn.rid) return undefined;
    const last = write.get<{ ordinal: number | null }>(
      "SELECT max(ordinal) AS ordinal FROM part WHERE session = ? AND message = ?",
      this.session.rid,
      row.rid,
    );
    const message = { rid: row.rid, nextOrdinal: (last?.ordinal ?? -1) + 1 };
    this.#messages.set(id, message);
    return message;
  }

  #keep(id: string, part: PartMemory): void {
    if (this.#parts.size >= MAX_PARTS) this.#parts.clear();
    this.#parts.set(id, part);
  }
}

/** The turn as the last append of the same owner left it. */
export function recallTurn(
  write: Write,
  call: { sessionId: string; turnId: string; epoch: number },
): TurnMemory | undefined {
  const known = write.tx.memory.get(call.sessionId);
  if (!(known instanceof TurnMemory)) return undefined;
  return known.turn.id === call.turnId && known.epoch === call.epoch ? known : undefined;
}

export function rememberTurn(write: Write, turn: TurnMemory): void {
  const { memory } = write.tx;
  if (memory.size >= MAX_TURNS) memory.clear();
  memory.set(turn.session.id, turn);
}
