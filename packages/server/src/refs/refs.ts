/**
 * Refs on sessions of this Holdfast (S-13 to S-16, S-28): made, narrowed, ended, listed and audited; and comments. Who calls is the owner, who may do all of
 * it, or a ref, which sees and ends what is below it, and with `admin` all of its session.
 */
import type { RefCredential, RefStore } from "@holdfast/edge";
import {
  cleanText,
  type Clock,
  HoldfastError,
  type Logger,
  newId,
  newRefSecret,
  notFound,
  parseCount,
  secretHash,
} from "@holdfast/kernel";
import {
  type AddComment,
  type attenuateRefSchema,
  type Caveats,
  type CreatedRef,
  type createRefSchema,
  type Grant,
  type Permission,
  type PermissionReply,
  PROMPT_REF_MS,
  type RedeemedRef,
  type RefAudit,
  type RefId,
  type RefLink,
  type RefList,
  type renewRefsSchema,
  type RevokeRef,
  type SessionComment,
  type SessionCommentList,
  type SessionId,
  type TurnId,
} from "@holdfast/protocol";
import type { z } from "zod";
import {
  type Applied,
  type IdempotencyKey,
  type RefLine,
  refNotValid,
  type Store,
  type Written,
} from "../store/index.ts";
import { requireAnswerable } from "./approval-limits.ts";
import { LiveRefs } from "./live-refs.ts";
import { LookCounter } from "./look-counter.ts";

/** A ref that calls; undefined: the owner does. */
export type RefBy = RefCredential | undefined;

export type RefsDeps = {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Stops what runs a turn whose cancel is on record already. */
  stopTurn(command: Written & { turnId: TurnId }): Promise<unknown>;
};

type AskedRef = Omit<z.output<typeof createRefSchema>, "target">;
type PageQuery = { limit: number; before?: string | undefined };
type Made = { ref: Grant; secret?: string };

export type Refs = RefStore & {
  create(id: SessionId, body: AskedRef, caller: Written): Promise<Applied<Made>>;
  attenuate(
    id: RefId,
    body: z.output<typeof attenuateRefSchema>,
    caller: Written,
    by: RefBy,
  ): Promise<Applied<Made>>;
  revoke(id: RefId, body: RevokeRef, caller: Written, by: RefBy): Promise<Applied<Grant>>;
  /** Ends every ref of a session and makes one new one. */
  renew(id: SessionId, body: z.output<typeof renewRefsSchema>, caller: Written): Promise<Applied<Made>>;
  redeem(by: RefCredential): Promise<RedeemedRef>;
  get(id: RefId, by: RefBy): Promise<Grant>;
  list(query: PageQuery & { sessionId?: SessionId | undefined }, by: RefBy): Promise<RefList>;
  audit(id: RefId, query: PageQuery, by: RefBy): Promise<RefAudit>;
  comment(id: SessionId, body: AddComment, caller: Written): Promise<Applied<SessionComment>>;
  comments(id: SessionId, query: PageQuery): Promise<SessionCommentList>;
  /** Throws FORBIDDEN where the limits of a ref do not let it give this answer. */
  requireAnswerable(
    by: RefBy,
    permission: Permission,
    answer: { reply: PermissionReply; message?: string | undefined },
  ): Promise<void>;
  /** Lets in a ref whose uses are over for a repetition of what it did, and for nothing else. Rejects REF_NOT_VALID. */
  requireUse(by: RefCredential, key: IdempotencyKey | undefined): Promise<void>;
  /** Somebody read through a ref. */
  noteRead(by: RefCredential, peer: string): void;
  /** Whether a ref still works, for what was begun with it before its end could be heard of. */
  works(id: RefId): Promise<boolean>;
  /** Writes what was counted. */
  stop(): Promise<void>;
};

export function createRefs(deps: RefsDeps): Refs {
  const looks = new LookCounter(deps);
  const live = new LiveRefs({ ...deps, looks });
  const { store } = deps;
  return {
    find: (hash, address) => live.find(hash, address),
    onEnded: (listener) => live.onEnded(listener),
    works: (id) => live.works(id),
    noteRead: ({ id }, peer) => looks.count({ refId: id, action: "read", peer }),
    stop: () => looks.flush(),
    create: (id, body, caller) => createRef(deps, id, body, caller),
    attenuate: (id, body, caller, by) => attenuateRef(deps, id, body, caller, by),
    revoke: (id, body, caller, by) => revokeRef(deps, id, body, caller, by),
    renew: (id, body, caller) => renewRefs(deps, id, body, caller),
    async redeem(by) {
      const { ref } = await requireLine(deps, by.id);
      const cursor = await store.lastSeq(by.sessionId);
      if (cursor === undefined) throw refNotValid();
      return { ref, target: ref.target, rights: ref.rights, epoch: ref.epoch, cursor };
    },
    get: async (id, by) => (await requireSeen(deps, id, by)).ref,
    list: (query, by) => listRefs(deps, query, by),
    async audit(id, { limit, before }, by) {
      await requireSeen(deps, id, by);
      return pageOf(await store.refAudit({ refId: id, limit, before: placeOf(before) }));
    },
    async comment(id, { id: commentId, on, text }, caller) {
      const clean = cleanText(text);
      if (clean.trim() === "") throw new HoldfastError("UNPROCESSABLE", "The comment says nothing.");
      const chosen = commentId ?? newId("cmt", deps.clock.now());
      return store.addComment({ ...caller, commentId: chosen, sessionId: id, on, text: clean });
    },
    async comments(id, { limit, before }) {
      const page = await store.listComments({ sessionId: id, limit, before: placeOf(before) });
      return { ...pageOf(page), seq: page.seq };
    },
    async requireAnswerable(by, permission, answer) {
      if (by === undefined) return;
      const session = await store.getSession(permission.sessionId);
      if (session === undefined) throw notFound("session", permission.sessionId);
      await requireAnswerable(permission, answer, { caveats: by.caveats, directory: session.directory });
    },
    async requireUse(by, key) {
      if (by.isExhausted && (key === undefined || !(await store.isReplay(key)))) throw refNotValid();
    },
  };
}

async function createRef(
  { store, clock }: RefsDeps,
  sessionId: SessionId,
  body: AskedRef,
  caller: Written,
): Promise<Applied<Made>> {
  const { rights, label, refId, secretHash: hash, expiresAt, ...limits } = body;
  const now = clock.now();
  const ends = expiresAt === undefined && rights.includes("prompt") ? now + PROMPT_REF_MS : expiresAt;
  requireFuture(ends, now);
  const choice = chosen(refId, hash, now);
  const applied = await store.createRef({
    ...caller,
    ...choice.stored,
    sessionId,
    rights,
    caveats: withExpiry(limits, ends),
    label: cleanText(label),
  });
  return made(applied, choice.secret);
}

async function attenuateRef(
  deps: RefsDeps,
  id: RefId,
  body: z.output<typeof attenuateRefSchema>,
  caller: Written,
  by: RefBy,
): Promise<Applied<Made>> {
  const parent = await requireSeen(deps, id, by);
  const { rights, label, refId, secretHash: hash, expiresAt, ...limits } = body;
  const now = deps.clock.now();
  requireFuture(expiresAt, now);
  const choice = chosen(refId, hash, now);
  const applied = await deps.store.createRef({
    ...caller,
    ...choice.stored,
    parentId: id,
    sessionId: sessionOf(parent.ref),
    rights,
    caveats: withExpiry(limits, expiresAt),
    label: cleanText(label),
  });
  return made(applied, choice.secret);
}

async function revokeRef(
  deps: RefsDeps,
  id: RefId,
  body: RevokeRef,
  caller: Written,
  by: RefBy,
): Promise<Applied<Grant>> {
  await requireSeen(deps, id, by);
  if (by !== undefined && by.id !== id && !by.rights.some((right) => right === "share" || right === "admin"))
    throw new HoldfastError("FORBIDDEN", "This ref may end itself, and no other.");
  const reason = body.reason === undefined ? undefined : cleanText(body.reason);
  const { value, replayed } = await deps.store.revokeRef({ ...caller, ...body, refId: id, reason });
  await stopTurns(deps, value.stopping, caller);
  return { value: value.ref, replayed };
}

async function renewRefs(
  deps: RefsDeps,
  sessionId: SessionId,
  { from, label, refId, secretHash: hash }: z.output<typeof renewRefsSchema>,
  caller: Written,
): Promise<Applied<Made>> {
  const choice = chosen(refId, hash, deps.clock.now());
  const command = { ...caller, ...choice.stored, sessionId, from, label: cleanText(label) };
  const { value, replayed } = await deps.store.renewRefs(command);
  await stopTurns(deps, value.stopping, caller);
  return made({ value: value.ref, replayed }, choice.secret);
}

/** Their cancel was written with the end of the ref: a crash here loses nothing, because whoever finds the turns finds that too. */
async function stopTurns(deps: RefsDeps, turns: readonly TurnId[], { actor }: Written): Promise<void> {
  await Promise.all(turns.map((turnId) => deps.stopTurn({ turnId, actor })));
}

async function listRefs(
  { store, clock }: RefsDeps,
  { limit, before, sessionId }: PageQuery & { sessionId?: SessionId | undefined },
  by: RefBy,
): Promise<RefList> {
  const query = { limit, before: placeOf(before), now: clock.now() };
  if (by === undefined) {
    const [page, guesses] = await Promise.all([store.listRefs({ ...query, sessionId }), store.refGuesses()]);
    return { ...pageOf(page), guesses };
  }
  const below = by.rights.includes("admin") ? undefined : by.id;
  return pageOf(await store.listRefs({ ...query, sessionId: by.sessionId, below }));
}

/** What a caller may know of: the owner everything, a ref itself, what is below it, and with `admin` all of its session. Rejects NOT_FOUND. */
async function requireSeen(deps: RefsDeps, id: RefId, by: RefBy): Promise<RefLine> {
  const line = await requireLine(deps, id);
  const isSeen =
    by === undefined ||
    line.ref.id === by.id ||
    line.above.includes(by.id) ||
    (by.rights.includes("admin") && sessionOf(line.ref) === by.sessionId);
  if (!isSeen) throw notFound("ref", id);
  return line;
}

async function requireLine({ store, clock }: RefsDeps, id: RefId): Promise<RefLine> {
  const line = await store.getRef({ id, now: clock.now() });
  if (line === undefined) throw notFound("ref", id);
  return line;
}

const sessionOf = ({ target }: Grant): SessionId => target.id as SessionId;

/** The id and hash that the caller chose, or new ones with their secret. */
function chosen(
  refId: RefId | undefined,
  hash: string | undefined,
  now: number,
): { stored: { refId: RefId; hash: string }; secret?: string } {
  if (refId !== undefined && hash !== undefined) return { stored: { refId, hash } };
  const secret = newRefSecret();
  return { stored: { refId: newId("ref", now), hash: secretHash(secret) }, secret };
}

/** A secret that was made for a repetition belongs to nothing. */
const made = ({ value, replayed }: Applied<Grant>, secret: string | undefined): Applied<Made> => ({
  value: secret === undefined || replayed ? { ref: value } : { ref: value, secret },
  replayed,
});

const withExpiry = (limits: Omit<Caveats, "expiresAt">, expiresAt: number | null | undefined): Caveats =>
  Object.fromEntries(
    Object.entries({ ...limits, expiresAt: expiresAt ?? undefined }).filter(
      ([, value]) => value !== undefined,
    ),
  );

function requireFuture(expiresAt: number | null | undefined, now: number): void {
  if (expiresAt !== undefined && expiresAt !== null && expiresAt <= now)
    throw new HoldfastError("UNPROCESSABLE", "The ref would have expired already.");
}

const pageOf = <T>({ items, next }: { items: T[]; next?: number }): { items: T[]; next?: string } =>
  next === undefined ? { items } : { items, next: String(next) };

function placeOf(before: string | undefined): number | undefined {
  if (before === undefined) return undefined;
  const place = parseCount(before);
  if (place === undefined) throw new HoldfastError("CURSOR_INVALID", "The cursor is malformed.");
  return place;
}

/** A ref as it is given out: with where it is opened. */
export const createdRef = ({ ref, secret }: Made, link: RefLink): CreatedRef =>
  secret === undefined ? { ref, link } : { ref, secret, link };
