/** Refs on sessions of this Holdfast, what is done through them, and comments (S-13 to S-16). See `port.ts`. */
import type {
  Actor,
  AuditEntry,
  Caveats,
  ChangeId,
  Grant,
  MessageId,
  SessionComment,
  CommentId,
  RefId,
  Right,
  SessionId,
  TurnId,
} from "@holdfast/protocol";
import type { Applied, IdempotencyKey, Written } from "./written.ts";

/** Why a ref does not work, as its owner sees it. */
export type RefEnd = NonNullable<Grant["ended"]>;

/** A ref with those above it, itself first. */
export type RefLine = {
  /** As it is now. */
  ref: Grant;
  above: RefId[];
  /** When it ends by itself, or one above it does; absent: never. */
  expires?: number;
  ended?: RefEnd;
};

/** What a secret is of: of one that does not work nothing but why. */
export type FoundRef = RefLine | { refId: RefId; ended: RefEnd };

export type CreateRefCommand = Written & {
  refId: RefId;
  /** SHA-256 of the secret, in hex. */
  hash: string;
  sessionId: SessionId;
  /** What is asked for; of a child the store stores what remains of it below its parent (S-15). */
  parentId?: RefId | undefined;
  rights: Right[];
  caveats: Caveats;
  label: string;
};

/** What one peer read through a ref, or was refused, within an hour. Without a ref: somebody came with a secret that is none. */
export type RefLook = {
  refId?: RefId | undefined;
  action: "read" | "refused";
  peer: string;
  count: number;
  first: number;
  last: number;
  /** Why it was refused. */
  detail?: string | undefined;
};

export type RefCommands = {
  /**
   * Idempotent by `refId` and `hash` (S-25); CONFLICT where the id stands for another secret, target or parent. Below a parent: REF_NOT_VALID when that has
   * ended, REF_WIDENS where it would allow more, CAVEAT_UNENFORCEABLE. RATE_LIMITED at the most refs of a session. NOT_FOUND for an unknown session.
   */
  createRef(command: CreateRefCommand): Promise<Applied<Grant>>;
  /**
   * Ends a ref and all below it, and with it what they asked for, unless `keepWork`: queued inputs are removed, their running turn gets its cancel in the same
   * transaction (S-28). `stopping` are turns that whoever runs them must be told of. Idempotent.
   */
  revokeRef(
    command: Written & { refId: RefId; reason?: string | undefined; keepWork?: boolean | undefined },
  ): Promise<Applied<{ ref: Grant; stopping: TurnId[] }>>;
  /** Ends every ref of the session for good, and makes one with every right (S-13). CONFLICT unless the epoch is `from`, or this very ref was made from it. */
  renewRefs(
    command: Written & { sessionId: SessionId; from: number; refId: RefId; hash: string; label: string },
  ): Promise<Applied<{ ref: Grant; stopping: TurnId[] }>>;
  /** Adds to the audit's rows of what was read and refused, one per ref, peer and hour (S-16); keeps that a ref was seen to have expired. */
  noteRefLooks(command: { looks: RefLook[] }): Promise<void>;
  /** Counts a day of a peer as a use of a ref that only reads; REF_NOT_VALID when none is left (S-16). */
  useRefToRead(command: { refId: RefId; peer: string }): Promise<void>;
  /**
   * This store was restored from an older copy: it ends every ref of every session for good (S-24), lets each share be taken over once (S-23), and gets a new
   * id for the next opening, so that no reader goes on by a cursor of before (D-23). Answers how many refs and shares that were.
   */
  markRestored(command: { actor: Actor }): Promise<{ refs: number; shares: number }>;
  /** Idempotent by `commentId`. NOT_FOUND when the message or change is none of the session. */
  addComment(
    command: Written & { commentId: CommentId; sessionId: SessionId; on: MessageId | ChangeId; text: string },
  ): Promise<Applied<SessionComment>>;
};

/** Something that belongs to one session. */
export type SessionThing = "input" | "turn" | "message" | "permission" | "question" | "ref";

export type RefQueries = {
  /** The ref of a secret, by the secret's hash, whether it works at `now` or not, after the same work for each that does not (S-15). */
  findRef(query: { hash: string; now: number }): Promise<FoundRef | undefined>;
  getRef(query: { id: RefId; now: number }): Promise<RefLine | undefined>;
  /** The newest first; `before` is the place of a row. `below`: a ref and all below it. */
  listRefs(query: {
    sessionId?: SessionId | undefined;
    below?: RefId | undefined;
    limit: number;
    before?: number | undefined;
    now: number;
  }): Promise<{ items: Grant[]; next?: number }>;
  /** What was done, read and refused through a ref and those below it, the newest first. */
  refAudit(query: {
    refId: RefId;
    limit: number;
    before?: number | undefined;
  }): Promise<{ items: AuditEntry[]; next?: number }>;
  /** How often somebody came with a secret that is none. */
  refGuesses(): Promise<{ count: number; last?: number }>;
  /** The newest first; `before` is the place of a row. */
  listComments(query: {
    sessionId: SessionId;
    limit: number;
    before?: number | undefined;
  }): Promise<{ items: SessionComment[]; next?: number; seq: number }>;
  /** Whether something was done under this key. */
  isReplay(key: IdempotencyKey): Promise<boolean>;
  /** Whose it is. */
  sessionOf(kind: SessionThing, id: string): Promise<SessionId | undefined>;
};
