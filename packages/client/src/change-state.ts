/**
 * Pending changes of a workspace as a client has them: read once, then kept by `change.updated` of a feed. Pure; one reducer for live views and
 * tests. Order of the feed is the order of the store, so that what comes later replaces what was there; only a list that was read while events
 * came in may be older than them, which `time.updated` shows.
 */
import type { Change, ChangeList, FeedEvent, Tracking, Worktree } from "@holdfast/protocol";

export type ChangesState = {
  workspaceId: string;
  /** By path at first, later ones at the end, so that rows stay where they are; decided ones stay with their last state until the next list. */
  changes: ReadonlyMap<string, Change>;
  tracking: Tracking | undefined;
};

export const noChanges = (workspaceId: string): ChangesState => ({
  workspaceId,
  changes: new Map(),
  tracking: undefined,
});

/**
 * A list that was read, under what is known: known rows keep their place, rows that it does not have are gone, but for those that the events told of
 * that came while it was read (`meanwhile`, in their order).
 */
export function withChangeList(
  state: ChangesState,
  list: ChangeList,
  meanwhile: readonly FeedEvent[] = [],
): ChangesState {
  const byPath = list.items.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const listed = new Map(byPath.map((change) => [change.id as string, change]));
  const kept = [...state.changes.keys()].filter((id) => listed.has(id));
  const order = [...new Set([...kept, ...listed.keys()])];
  const changes = new Map<string, Change>();
  for (const id of order) {
    const [known, read] = [state.changes.get(id), listed.get(id)];
    if (read === undefined) continue;
    changes.set(id, known !== undefined && isNewer(known, read) ? known : withPatchOf(read, known));
  }
  return meanwhile.reduce(reduceChanges, { ...state, changes, tracking: list.tracking });
}

/** One change, as an event or an answer told it, in the place of what was decided about its path before. An older one than what is known changes nothing. */
export function withChange(state: ChangesState, change: Change): ChangesState {
  if (change.workspaceId !== state.workspaceId) return state;
  const known = state.changes.get(change.id);
  if (known === undefined && !isOpenChange(change)) return state;
  if (known !== undefined && isNewer(known, change)) return state;
  const next = withPatchOf(change, known);
  if (known !== undefined) return { ...state, changes: new Map(state.changes).set(change.id, next) };
  const entries = [...state.changes];
  const at = entries.findIndex(
    ([, { path, state: decided }]) => path === change.path && !isOpenChange({ state: decided }),
  );
  if (at < 0) return { ...state, changes: new Map(state.changes).set(change.id, next) };
  return { ...state, changes: new Map(entries.with(at, [change.id, next])) };
}

/** An event of a feed; others than `change.updated` of this workspace change nothing, nor does one that only names its change (`changeToRead`). */
export function reduceChanges(state: ChangesState, event: FeedEvent): ChangesState {
  if (event.type !== "change.updated") return state;
  const { change } = event.data as { change?: Change };
  return change === undefined ? state : withChange(state, change);
}

/** Id of a change that was too large for its event and has to be read alone (D-4). */
export function changeToRead(state: ChangesState, event: FeedEvent): string | undefined {
  if (event.type !== "change.updated") return undefined;
  const { changeId, workspaceId } = event.data as { changeId?: string; workspaceId?: string };
  return workspaceId === state.workspaceId ? changeId : undefined;
}

/** A worktree as an event told it, into those that are known. */
export function reduceWorktrees(
  worktrees: ReadonlyMap<string, Worktree>,
  event: FeedEvent,
): ReadonlyMap<string, Worktree> {
  if (event.type !== "worktree.updated") return worktrees;
  const { worktree } = event.data as { worktree: Worktree };
  const known = worktrees.get(worktree.id);
  if (known !== undefined && known.time.updated > worktree.time.updated) return worktrees;
  return new Map(worktrees).set(worktree.id, worktree);
}

/** Whether somebody still has to decide about it. */
export const isOpenChange = ({ state }: Pick<Change, "state">): boolean =>
  state === "pending" || state === "conflict";

const isNewer = (one: Change, other: Change): boolean =>
  one.revision > other.revision || (one.revision === other.revision && one.time.updated > other.time.updated);

/** Events carry no patch: that of the same revision stays. */
function withPatchOf(change: Change, known: Change | undefined): Change {
  if (change.patch !== undefined || known?.patch === undefined || known.revision !== change.revision)
    return change;
  const { patchTruncated: _cut, ...rest } = change;
  return { ...rest, patch: known.patch };
}
