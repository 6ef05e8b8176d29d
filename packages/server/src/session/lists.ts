import { notFound, parseCount } from "@holdfast/kernel";
import type {
  AgentSessionList,
  Session,
  SessionId,
  SessionList,
  TurnList,
  Workspace,
  WorkspaceId,
} from "@holdfast/protocol";
import type { SessionFilter } from "../store/index.ts";
import { requireSession } from "./change.ts";
import { decodeCursor, encodeCursor, type PageQuery, refuseBothWays } from "./cursor.ts";
import type { SessionDeps } from "./deps.ts";

type Deps = Pick<SessionDeps, "store">;

/** Sessions by the last activity in them, newest first (D-29). Rejects CURSOR_INVALID. */
export async function listSessions(
  deps: Deps,
  query: PageQuery & { filter: SessionFilter },
): Promise<SessionList> {
  const { feedOrder } = deps.store;
  refuseBothWays(query);
  const before = decodeCursor("s", query.before, (place) => feedOrder.parse(place));
  const after = decodeCursor("s", query.after, (place) => feedOrder.parse(place));
  const page = await deps.store.listSessions({
    filter: query.filter,
    limit: query.limit,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
  const list: SessionList = { items: page.items, total: page.total };
  if (page.next !== undefined) list.next = encodeCursor("s", feedOrder.format(page.next));
  if (page.prev !== undefined) list.prev = encodeCursor("s", feedOrder.format(page.prev));
  return list;
}

/** Turns of a session, newest first. Rejects NOT_FOUND and CURSOR_INVALID. */
export async function listTurns(
  deps: Deps,
  sessionId: SessionId,
  query: { limit: number; before?: string | undefined },
): Promise<TurnList> {
  await requireSession(deps, sessionId);
  const before = decodeCursor("t", query.before, parseCount);
  const page = await deps.store.listTurns({
    sessionId,
    limit: query.limit,
    ...(before === undefined ? {} : { before }),
  });
  const list: TurnList = { items: page.items, seq: page.seq };
  if (page.next !== undefined) list.next = encodeCursor("t", page.next);
  return list;
}

/** The agents that took part in a session, without what only we need to know of them. Rejects NOT_FOUND. */
export async function listAgents(deps: Deps, sessionId: SessionId): Promise<AgentSessionList> {
  await requireSession(deps, sessionId);
  const { items, seq } = await deps.store.listAgentSessions(sessionId);
  const shown = items.map(({ cwd: _cwd, processFingerprint: _process, watermark: _mark, ...item }) => item);
  return { items: shown, seq };
}

/** What a session and each of its agents used. Rejects NOT_FOUND. */
export async function readUsage(
  deps: Deps,
  sessionId: SessionId,
): Promise<{ usage: Session["usage"]; agents: { agent: string; usage: Session["usage"] }[]; seq: number }> {
  const { usage } = await requireSession(deps, sessionId);
  const { items, seq } = await deps.store.listAgentSessions(sessionId);
  return { usage, agents: items.map((item) => ({ agent: item.agent, usage: item.usage })), seq };
}

/** Rejects NOT_FOUND. */
export async function requireWorkspace(deps: Deps, id: WorkspaceId): Promise<Workspace> {
  const workspace = await deps.store.getWorkspace(id);
  if (workspace === undefined) throw notFound("workspace", id);
  return workspace;
}
