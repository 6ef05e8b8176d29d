/**
 * The history of a session (D-29, session-model 16): pages both ways by opaque cursors, chronological inside a page, the whole backwards
 * with bounded memory, and changes of single messages and parts whose identity never changes.
 */
import { HoldfastError, notFound, parseCount } from "@holdfast/kernel";
import type {
  HistoryPage,
  Message,
  MessageId,
  MessageInfo,
  MessageList,
  Part,
  PartId,
  SessionId,
  TurnId,
} from "@holdfast/protocol";
import type { Applied } from "../store/index.ts";
import { requireSession } from "./change.ts";
import { decodeCursor, encodeCursor, type PageQuery, refuseBothWays } from "./cursor.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { admitFile } from "./file-part.ts";

type Deps = Pick<SessionDeps, "store">;

/** The newest page unless a cursor says otherwise. Rejects NOT_FOUND and CURSOR_INVALID. */
export async function pageMessages(deps: Deps, sessionId: SessionId, query: PageQuery): Promise<MessageList> {
  refuseBothWays(query);
  const before = decodeCursor("m", query.before, parseCount);
  const after = decodeCursor("m", query.after, parseCount);
  await requireSession(deps, sessionId);
  const page = await deps.store.pageMessages({
    sessionId,
    limit: query.limit,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
  const list: MessageList = { items: page.items, seq: page.seq };
  if (page.next !== undefined) list.next = encodeCursor("m", page.next);
  if (page.prev !== undefined) list.prev = encodeCursor("m", page.prev);
  return list;
}

/** The same backwards: the newest message first, on from `before`. */
export async function readBackwards(
  deps: Deps,
  sessionId: SessionId,
  query: Pick<PageQuery, "limit" | "before">,
): Promise<HistoryPage> {
  const { items, next, seq } = await pageMessages(deps, sessionId, query);
  return { items: items.toReversed(), seq, ...(next === undefined ? {} : { next }) };
}

/** Rejects NOT_FOUND. */
export async function requireMessage(deps: Deps, id: MessageId): Promise<Message> {
  const message = await deps.store.getMessage(id);
  if (message === undefined) throw notFound("message", id);
  return message;
}

/** Rejects NOT_FOUND, also when the part is not of that message. */
export async function requirePart(deps: Deps, messageId: MessageId, partId: PartId): Promise<Part> {
  const part = await deps.store.getPart(partId);
  if (part === undefined || part.messageId !== messageId) throw notFound("part", partId);
  return part;
}

/** Replaces what a message says of itself. Rejects UNPROCESSABLE when its identity or a field of ours would change, SESSION_BUSY while its turn runs. */
export async function updateMessage(
  deps: Deps,
  messageId: MessageId,
  info: MessageInfo,
  caller: Caller,
): Promise<Applied<Message>> {
  const { info: current } = await requireMessage(deps, messageId);
  const isSame =
    info.id === current.id &&
    info.sessionId === current.sessionId &&
    info.turnId === current.turnId &&
    info.role === current.role &&
    info.ordinal === current.ordinal &&
    parentOf(info) === parentOf(current);
  if (!isSame)
    throw new HoldfastError("UNPROCESSABLE", "The ids, the role and the place of a message never change.");
  await refuseLive(deps, current.turnId);
  return deps.store.updateMessage({ ...caller, messageId, message: info });
}

/** Rejects NOT_FOUND, and SESSION_BUSY while its turn runs. */
export async function removeMessage(deps: Deps, messageId: MessageId, caller: Caller): Promise<void> {
  await requireMessage(deps, messageId);
  await deps.store.removeMessage({ ...caller, messageId });
}

/** Replaces a part whole. Rejects UNPROCESSABLE when its identity, type or a field of ours would change, SESSION_BUSY while its turn runs. */
export async function updatePart(
  deps: Pick<SessionDeps, "store" | "reserved">,
  part: Part,
  caller: Caller,
): Promise<Applied<Part>> {
  const current = await requirePart(deps, part.messageId, part.id);
  if (part.sessionId !== current.sessionId || part.type !== current.type)
    throw new HoldfastError("UNPROCESSABLE", "The ids and the type of a part never change.");
  const { info } = await requireMessage(deps, part.messageId);
  await refuseLive(deps, info.turnId);
  return deps.store.updatePart({ ...caller, part: await admitPart(deps, part) });
}

/** Rejects NOT_FOUND, and SESSION_BUSY while its turn runs. */
export async function removePart(
  deps: Deps,
  messageId: MessageId,
  partId: PartId,
  caller: Caller,
): Promise<void> {
  await requirePart(deps, messageId, partId);
  const { info } = await requireMessage(deps, messageId);
  await refuseLive(deps, info.turnId);
  await deps.store.removePart({ ...caller, partId });
}

async function admitPart(deps: Pick<SessionDeps, "store" | "reserved">, part: Part): Promise<Part> {
  if (part.type !== "file") return part;
  const session = await requireSession(deps, part.sessionId);
  const place = {
    sessionId: session.id,
    directory: session.directory,
    reserved: deps.reserved,
  };
  return admitFile(part, place, deps.store);
}

async function refuseLive(deps: Deps, turnId: TurnId): Promise<void> {
  const turn = await deps.store.getTurn(turnId);
  if (turn?.state === "running" || turn?.state === "finalizing")
    throw new HoldfastError("SESSION_BUSY", `The turn ${turnId} is running; stop it or wait for its end.`);
}

function parentOf(info: MessageInfo): string | undefined {
  return info.role === "assistant" ? info.parentId : undefined;
}
