/**
 * Who changed which files of a workspace, turn by turn (W-3, W-4, W-5).
 *
 *   before ─► [ the agent works ] ─► after          refresh: between turns          recover: after a crash
 *      └► what differs since the newest snapshot is nobody's turn       └► what differs since `before` is the turn's
 *
 * - Work on one workspace goes one after another; a step is recorded whole, by `advance`.
 * - A turn that has a snapshot before and none after it stands in `tracking.working`, durably. Once it has ended so, what differs is `unknown`.
 * - Where no snapshot can be taken, tracking is off and says why; what happens meanwhile is `unknown` too, and the turns are named. Every turn
 *   looks again, but for a size that was refused: the reason may have gone.
 */
import { HoldfastError, notFound, retryStorage, storageRefusal, type StorageWait } from "@holdfast/kernel";
import type { SessionId, Tracking, TurnId, WorkspaceId } from "@holdfast/protocol";
import { type Checkout, refusalOf } from "../../git/index.ts";
import { isSnapshotRefused, type Watched } from "../../snapshot/index.ts";
import { advance, type Advance, type Step } from "./advance.ts";
import {
  type Taken,
  type TrackedTurn,
  TRACKER_ACTOR,
  type TrackerDeps,
  type WatchedWorkspace,
  type Working,
} from "./deps.ts";
import { namedPaths } from "./evidence.ts";
import { keepTrees } from "./same-store.ts";
import type { Span, Worker } from "./stamp.ts";
import { filesOf, type TurnFiles } from "./turn-files.ts";
import { withUnwatched } from "./unwatched.ts";
import { WorkspaceLocks } from "./workspace-lock.ts";

/** How long a workspace that was refused for its size is left alone by turns, in ms: a look at one that is too large costs seconds (W-3). */
const REFUSED_MS = 600_000;

const TOO_LATE = "The last snapshot took too long.";
const NOT_OURS = "What is at the worktree's path is of another repository, or of none.";
const SWITCHED_OFF = "Snapshots are switched off in the server's configuration.";
const PROJECT_OFF = "Snapshots are switched off in the project's settings.";
const FAILED = "The last snapshot failed; the server's log says why.";
/** Nobody has to be told of each turn that is not watched because somebody chose so. */
const UNWANTED: ReadonlySet<string> = new Set([SWITCHED_OFF, PROJECT_OFF]);

/** Why a workspace is not watched; `isKnown`: it shows that already. */
export type Off = { off: string; isKnown: boolean };

export class Tracker {
  readonly #deps: TrackerDeps;
  readonly #locks = new WorkspaceLocks();
  readonly #working = new Map<WorkspaceId, Map<TurnId, Working>>();
  /** When a workspace was last refused for its size, by the monotonic clock, and with which words. */
  readonly #tooLarge = new Map<WorkspaceId, { at: number; reason: string }>();
  /** Repositories that were seen to hold the trees of their workspace; the same as long as they are the same on the disk. */
  readonly #holding = new WeakSet<Watched>();

  constructor(deps: TrackerDeps) {
    this.#deps = deps;
  }

  /**
   * The snapshot before a turn, unless `wait` is over before it is taken; until then it is tried again while storage refuses. Rejects with what git
   * and the store say; then the turn is not watched, and tracking is off.
   */
  before(
    started: TrackedTurn,
    touched: () => readonly string[],
    wait?: StorageWait,
  ): Promise<{ tree: string } | Off> {
    const { workspaceId } = started.session;
    const take = () => this.#before(started, touched, wait);
    return this.exclusive([workspaceId], () =>
      this.#naming(started, () => this.#whileRefused(workspaceId, wait, take)),
    );
  }

  async #before(
    { session, turn }: TrackedTurn,
    touched: () => readonly string[],
    wait: StorageWait | undefined,
  ): Promise<{ tree: string } | Off> {
    const { workspaceId } = session;
    const opened = await this.#open(workspaceId, { isTurn: true });
    if ("off" in opened) return opened;
    const taken = await this.#take(opened, refOf(session.id, turn.id, "before"));
    if ("off" in taken) return taken;
    // Its agent works by now: nobody can tell any more what was there before.
    if (wait?.signal.aborted === true) return this.#off(workspaceId, TOO_LATE);
    const others = [...this.#workingIn(workspaceId).values()];
    const span = await this.#spanBetween(opened, others);
    // Its agent works already where nobody asked for the turn: whose those edits are nobody can tell.
    const isUntold = span.kind === "between" && turn.inputId === undefined;
    await this.#advance(opened, {
      taken,
      span: isUntold ? { kind: "unwatched" } : span,
      working: [...others.map(({ turnId }) => turnId), turn.id],
      turn: { sessionId: session.id, turnId: turn.id },
      since: sinceOf(others),
    });
    const working = { turnId: turn.id, agent: turn.agent, session, before: taken, touched };
    this.#workingIn(workspaceId).set(turn.id, working);
    return { tree: taken.tree };
  }

  /** The tree behind a step of a turn; it moves no row and no bound of a turn, so nothing is attributed by it (W-5). */
  step({ session, turn }: TrackedTurn, number: number): Promise<string | undefined> {
    const { workspaceId } = session;
    return this.exclusive([workspaceId], async () => {
      if (this.#working.get(workspaceId)?.has(turn.id) !== true) return undefined;
      const opened = await this.#open(workspaceId, { isTurn: true });
      if ("off" in opened) return undefined;
      const { store, snapshots, clock } = this.#deps;
      const [ref, time] = [refOf(session.id, turn.id, `step-${number}`), clock.now()];
      const { tree, commit } = await snapshots.take(opened.watched, ref);
      const row = { ref, commit, tree, time, workspaceId, sessionId: session.id, turnId: turn.id };
      const tracking = await store.getTracking(workspaceId);
      const nothing = { changes: [], gone: [], actor: TRACKER_ACTOR };
      await store.recordChanges({ workspaceId, tracking, snapshots: [row], ...nothing });
      return tree;
    });
  }

  /** The snapshot after a turn, whose work is attributed; `undefined` when there is none from before. Rejects, and tries again, like `before`. */
  after(started: TrackedTurn, wait?: StorageWait): Promise<TurnFiles | undefined> {
    const { workspaceId } = started.session;
    return this.exclusive([workspaceId], async () => {
      const all = this.#workingIn(workspaceId);
      const own = all.get(started.turn.id);
      if (own === undefined) return undefined;
      const take = () => this.#after(started, own, [...all.values()]);
      try {
        const files = await this.#naming(started, () => this.#whileRefused(workspaceId, wait, take));
        return "off" in files ? undefined : files;
      } finally {
        all.delete(own.turnId);
        if (all.size === 0) this.#working.delete(workspaceId);
      }
    });
  }

  async #after(
    { session, turn }: TrackedTurn,
    own: Working,
    workers: readonly Working[],
  ): Promise<TurnFiles | Off> {
    const { workspaceId } = session;
    const opened = await this.#open(workspaceId, { isTurn: false });
    if ("off" in opened) return opened;
    const taken = await this.#take(opened, refOf(session.id, turn.id, "after"));
    if ("off" in taken) return taken;
    const isWatched = (await this.#deps.store.getTracking(workspaceId)).state === "on";
    const ids = { turnId: turn.id, sessionId: session.id };
    const step = await this.#advance(opened, {
      taken,
      span: isWatched ? await spanOfTurns(opened, workers) : { kind: "unwatched", turn: ids },
      working: workers.filter((each) => each !== own).map(({ turnId }) => turnId),
      turn: ids,
      since: sinceOf(workers),
    });
    return filesOf(opened, own.before.tree, taken.tree, step);
  }

  /** What a look of a turn came to. Where nothing was seen the workspace names the turn, unless nobody wants it to be watched. */
  async #naming<T extends object>(
    { session, turn }: TrackedTurn,
    look: () => Promise<T | Off>,
  ): Promise<T | Off> {
    const name = async (reason: string): Promise<void> => {
      const { store, clock } = this.#deps;
      const { workspaceId } = session;
      const one = { turnId: turn.id, sessionId: session.id, reason, time: clock.now() };
      await this.#setTracking(workspaceId, withUnwatched(await store.getTracking(workspaceId), one));
    };
    try {
      const found = await look();
      if ("off" in found && !UNWANTED.has(found.off)) await name(found.off);
      return found;
    } catch (error) {
      await name(storageRefusal(error)?.message ?? FAILED);
      throw error;
    }
  }

  /** The agent of a turn was never asked anything. */
  dismiss({ session, turn }: TrackedTurn): Promise<void> {
    const { workspaceId } = session;
    return this.exclusive([workspaceId], async () => {
      const isOurs = this.#working.get(workspaceId)?.delete(turn.id) === true;
      const tracking = await this.#deps.store.getTracking(workspaceId);
      const working = tracking.working?.filter((id) => id !== turn.id);
      if (isOurs && working?.length !== tracking.working?.length)
        await this.#setTracking(workspaceId, { ...tracking, working });
    });
  }

  /** The same as `after` for a turn whose owner died: what `touched` names is its agent's, what differs beside is attributed to nobody (D-18). */
  async recover(
    { turnId, sessionId }: { turnId: TurnId; sessionId: SessionId },
    touched: readonly string[],
  ): Promise<TurnFiles | undefined> {
    const { store } = this.#deps;
    const [session, turn] = [await store.getSession(sessionId), await store.getTurn(turnId)];
    if (session === undefined || turn === undefined) return undefined;
    const { workspaceId } = session;
    return this.exclusive([workspaceId], async () => {
      const rows = await store.turnSnapshots(turnId);
      const [before, after] = ["before", "after"].map((which) =>
        rows.find(({ ref }) => ref === refOf(sessionId, turnId, which)),
      );
      const opened = before === undefined ? undefined : await this.#open(workspaceId, { isTurn: false });
      if (before === undefined || opened === undefined || "off" in opened) return undefined;
      if (after !== undefined) return filesOf(opened, before.tree, after.tree);
      const { working = [] } = await store.getTracking(workspaceId);
      if (!working.includes(turnId)) return undefined;
      const taken = await this.#take(opened, refOf(sessionId, turnId, "after"));
      if ("off" in taken) return undefined;
      // A turn of this very process that nobody ran any more.
      this.#working.get(workspaceId)?.delete(turnId);
      await this.#advance(opened, {
        taken,
        span: {
          kind: "died",
          worker: await workerOf(opened, { turnId, agent: turn.agent, session, touched }),
        },
        working: working.filter((id) => id !== turnId),
        turn: { turnId, sessionId },
        since: before.time,
      });
      return filesOf(opened, before.tree, taken.tree);
    });
  }

  /**
   * Brings rows and newest tree up to what the files say now; within `exclusive`. While a turn works there it does nothing: its end does it. Rejects
   * UNPROCESSABLE where nothing can be watched.
   */
  async refresh(workspaceId: WorkspaceId): Promise<void> {
    if ((this.#working.get(workspaceId)?.size ?? 0) > 0) return;
    const opened = await this.#open(workspaceId, { isTurn: false });
    if ("off" in opened) throw new HoldfastError("UNPROCESSABLE", opened.off);
    const stamp = Math.floor(this.#deps.clock.now()).toString(36);
    const taken = await this.#take(opened, `refs/holdfast/snap/${workspaceId}/${stamp}/now`);
    if ("off" in taken) throw new HoldfastError("UNPROCESSABLE", taken.off);
    await this.#advance(opened, {
      taken,
      span: await this.#spanBetween(opened, []),
      working: [],
      since: 0,
    });
  }

  /** Nobody else looks at or moves the trees of these workspaces until `work` has ended. */
  exclusive<T>(workspaceIds: readonly WorkspaceId[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = [...new Set(workspaceIds)].toSorted();
    if (first === undefined) return work();
    return this.#locks.run(first, () => this.exclusive(rest, work));
  }

  /** Where git keeps what was taken of a workspace; `undefined` where nothing is watched now. */
  async checkout(workspaceId: WorkspaceId): Promise<Checkout | undefined> {
    const opened = await this.#open(workspaceId, { isTurn: true });
    return "off" in opened ? undefined : opened.watched.checkout;
  }

  /**
   * Does it again while storage refuses and `wait` is not over; what is still refused then switches tracking off. A read-only file system is not
   * waited for: whoever works there only reads.
   */
  async #whileRefused<T>(
    workspaceId: WorkspaceId,
    wait: StorageWait | undefined,
    take: () => Promise<T>,
  ): Promise<T> {
    const onRefused = (refusal: HoldfastError) => {
      if (refusal.data?.["reason"] === "readOnly") throw refusal;
      return wait?.onRefused?.(refusal);
    };
    const { clock } = this.#deps;
    try {
      return await retryStorage({ clock, signal: wait?.signal ?? AbortSignal.abort(), onRefused }, take);
    } catch (error) {
      const refusal = storageRefusal(error);
      if (refusal !== undefined) await this.#off(workspaceId, refusal.message);
      throw error;
    }
  }

  #workingIn(workspaceId: WorkspaceId): Map<TurnId, Working> {
    const known = this.#working.get(workspaceId) ?? new Map<TurnId, Working>();
    this.#working.set(workspaceId, known);
    return known;
  }

  /** What watches a workspace, or why nothing does. A turn does not ask again for a while when it was refused for its size. */
  async #open(workspaceId: WorkspaceId, { isTurn }: { isTurn: boolean }): Promise<WatchedWorkspace | Off> {
    const { store, snapshots, clock, isOn } = this.#deps;
    const workspace = await store.getWorkspace(workspaceId);
    if (workspace === undefined) throw notFound("workspace", workspaceId);
    if (!isOn) return this.#off(workspaceId, SWITCHED_OFF);
    const project = await store.getProject(workspace.projectId);
    if (project?.worktree.snapshots === false) return this.#off(workspaceId, PROJECT_OFF);
    const tooLarge = this.#tooLarge.get(workspaceId);
    if (isTurn && tooLarge !== undefined && clock.monotonic() - tooLarge.at < REFUSED_MS)
      return this.#off(workspaceId, tooLarge.reason);
    const worktree = workspace.kind === "worktree" ? await store.worktreeOf(workspaceId) : undefined;
    const watched = await snapshots.watch({ workspaceId, root: worktree?.path ?? workspace.directory });
    if ("off" in watched) return this.#off(workspaceId, watched.off);
    // Its trees are not there: counting anew would drop what is pending, and write into a repository of somebody else.
    if (worktree !== undefined && watched.checkout.commonDir !== worktree.repository)
      return this.#off(workspaceId, NOT_OURS);
    return { workspace, worktree, watched };
  }

  async #take(opened: WatchedWorkspace, ref: string): Promise<Taken | Off> {
    const { snapshots, clock } = this.#deps;
    const { workspace, watched } = opened;
    const time = clock.now();
    try {
      const away = this.#holding.has(watched) ? undefined : await keepTrees(this.#deps, opened);
      if (away !== undefined) return await this.#off(workspace.id, away);
      this.#holding.add(watched);
      const snapshot = await snapshots.take(watched, ref);
      this.#tooLarge.delete(workspace.id);
      return { ...snapshot, ref, time };
    } catch (error) {
      this.#holding.delete(watched);
      if (isSnapshotRefused(error)) {
        const { reason } = error;
        this.#tooLarge.set(workspace.id, { at: clock.monotonic(), reason });
        return this.#off(workspace.id, reason);
      }
      // Whoever waits for room tries again.
      if (storageRefusal(error) !== undefined) throw error;
      const refusal = refusalOf(error, watched.checkout.root);
      const off = await this.#off(workspace.id, refusal ?? FAILED);
      if (refusal !== undefined) return off;
      throw error;
    }
  }

  /** A step that fails may miss trees that were there before: the next look makes sure. */
  async #advance(opened: WatchedWorkspace, step: Step): Promise<Advance> {
    try {
      return await advance(this.#deps, opened, step);
    } catch (error) {
      this.#holding.delete(opened.watched);
      throw error;
    }
  }

  /** Tracking is off from now on, and the workspace shows why. */
  async #off(workspaceId: WorkspaceId, reason: string): Promise<Off> {
    const tracking = await this.#deps.store.getTracking(workspaceId);
    if (tracking.state === "off" && tracking.reason === reason) return { off: reason, isKnown: true };
    await this.#setTracking(workspaceId, { ...tracking, state: "off", reason });
    return { off: reason, isKnown: false };
  }

  #setTracking(workspaceId: WorkspaceId, tracking: Tracking): Promise<void> {
    const nothing = { changes: [], gone: [], snapshots: [] };
    return this.#deps.store.recordChanges({ workspaceId, tracking, ...nothing, actor: TRACKER_ACTOR });
  }

  /** Whose turn it was since the newest snapshot, before another one begins. */
  async #spanBetween(opened: WatchedWorkspace, others: readonly Working[]): Promise<Span> {
    const { state, working = [] } = await this.#deps.store.getTracking(opened.workspace.id);
    const isKnown = working.every((id) => others.some(({ turnId }) => turnId === id));
    if (state === "off" || !isKnown) return { kind: "unwatched" };
    return others.length === 0 ? { kind: "between" } : spanOfTurns(opened, others);
  }
}

const refOf = (sessionId: SessionId, turnId: TurnId, which: string): string =>
  `refs/holdfast/snap/${sessionId}/${turnId}/${which}`;

async function spanOfTurns(opened: WatchedWorkspace, working: readonly Working[]): Promise<Span> {
  const workers = working.map((each) => workerOf(opened, { ...each, touched: each.touched() }));
  return { kind: "turns", workers: await Promise.all(workers) };
}

async function workerOf(
  { watched }: WatchedWorkspace,
  { turnId, agent, session, touched }: Omit<Working, "before" | "touched"> & { touched: readonly string[] },
): Promise<Worker> {
  const named = await namedPaths(touched, { root: watched.checkout.root, cwd: session.directory });
  return { turnId, agent, sessionId: session.id, names: (path) => named.has(path) };
}

/** When the earliest of these turns began, in ms. */
const sinceOf = (working: readonly Working[]): number =>
  working.length === 0 ? 0 : Math.min(...working.map(({ before }) => before.time));
