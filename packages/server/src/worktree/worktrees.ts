/**
 * The door of the worktree room (W-1, W-2, W-10 to W-15).
 *
 *   creating ─► active ◄─► archived
 *                 │  ▲        │
 *                 ▼  │        ▼
 *               lost └──── removing ─► removed ─► (restore) active
 *
 * Rows say what was intended, the directories and git's entries what is; every act looks before and after. Each act that is not one transaction
 * is an operation (`create.ts`, `archive.ts`, `remove.ts`, `restore.ts`); `recover.ts` says how one that stopped in the middle is ended.
 */
import { errorText, HoldfastError, notFound, type Timer, within } from "@holdfast/kernel";
import type {
  Actor,
  PatchProject,
  Project,
  ProjectId,
  PruneReport,
  RiskReport,
  SessionId,
  Workspace,
  WorkspaceId,
  Worktree,
  WorktreeId,
  WorktreeState,
} from "@holdfast/protocol";
import { isGitError, RepositoryLocks } from "../git/index.ts";
import { Operations } from "../operation/index.ts";
import type { Applied } from "../store/index.ts";
import { archiveWorktree, unarchiveWorktree } from "./archive.ts";
import { requireCopyPatterns } from "./copy-ignored.ts";
import { createWorktree, type CreateWorktree } from "./create.ts";
import { type SagaDeps, WORKTREE_ACTOR, type WorktreesDeps } from "./deps.ts";
import { requireWorktree } from "./intent.ts";
import { Reaper } from "./reap.ts";
import { worktreeKeepers } from "./recover.ts";
import { removeWorktree, type RemoveWorktree } from "./remove.ts";
import { lookAgain, type MissingWorkspace, requireDirectory } from "./require-directory.ts";
import { dropRescues } from "./rescue.ts";
import { type RestoreFrom, restoreWorktree } from "./restore.ts";
import { sessionRisk, workspaceRisk, worktreeRisk } from "./risk.ts";
import { Sizes } from "./sizes.ts";
import { emptyTrash } from "./trash.ts";

/** What a session risk is asked about; the session room knows who belongs to whom. */
export type SessionRisk = { sessionId: SessionId; members: SessionId[]; worktreeIds: WorktreeId[] };

export type Worktrees = {
  /** Makes a worktree and gives its workspace to `use`; see `createWorktree`. */
  create<T>(request: CreateWorktree, use: (workspace: Workspace) => Promise<T>): Promise<T>;
  get(id: WorktreeId): Promise<Worktree>;
  list(query: { projectId?: ProjectId; states?: readonly WorktreeState[] }): Promise<Worktree[]>;
  /** The worktree that a real path is in, of those that are not removed. */
  at(path: string): Promise<Worktree | undefined>;
  risk(id: WorktreeId): Promise<RiskReport>;
  workspaceRisk(id: WorkspaceId): Promise<RiskReport>;
  riskOf(session: SessionRisk): Promise<RiskReport>;
  archive(id: WorkspaceId, actor: Actor): Promise<void>;
  unarchive(id: WorkspaceId, actor: Actor): Promise<void>;
  remove(id: WorktreeId, options: RemoveWorktree): Promise<Worktree>;
  restore(id: WorktreeId, options: { from: RestoreFrom; actor: Actor }): Promise<Worktree>;
  prune(options: { dryRun: boolean; actor: Actor }): Promise<PruneReport>;
  /** The typed error of a turn that cannot work in its directory (W-13). */
  requireDirectory(id: WorkspaceId): Promise<MissingWorkspace | undefined>;

  projects(): Promise<Project[]>;
  project(id: ProjectId): Promise<Project>;
  patchProject(id: ProjectId, patch: PatchProject, caller: { actor: Actor }): Promise<Applied<Project>>;

  /** Settles what a dead server left, then starts the timer of the reaper. Call once, before anything else. */
  recover(): Promise<void>;
  /** Settles what could not be settled before, drops rescues whose time is over, and empties the trash. On the timer of the reaper too. Answers how many acts are not settled yet. */
  housekeep(): Promise<number>;
  /** Ends commands and undoes what is being made; what cannot be undone in time is left to the next start. */
  stop(): Promise<void>;
};

/** Between two passes of the reaper, in ms (W-12). */
const PASS_MS = 600_000;
/** How long acts under way may take to be undone at a stop, in ms. */
const STOP_MS = 5_000;

export function createWorktrees(deps: WorktreesDeps): Worktrees {
  return new WorktreeRoom(deps);
}

class WorktreeRoom implements Worktrees {
  readonly #deps: SagaDeps;
  readonly #reaper: Reaper;
  readonly #sizes: Sizes;
  readonly #stopping = new AbortController();
  /** Acts of this process that run, by what they are; a repetition joins. */
  readonly #acts = new Map<string, Promise<unknown>>();
  #timer: Timer | undefined;
  #created = 0;

  constructor(deps: WorktreesDeps) {
    const { clock, processes } = deps;
    const locks = new RepositoryLocks({ clock, startTime: (pid) => processes.startTime(pid) });
    const operations = new Operations(
      { ...deps, wakeWorkspace: (id) => deps.sessions.wakeWorkspace(id) },
      worktreeKeepers(() => this.#deps),
    );
    this.#deps = { ...deps, locks, stopping: this.#stopping.signal, operations };
    this.#reaper = new Reaper(this.#deps);
    this.#sizes = new Sizes(this.#deps);
  }

  create<T>(request: CreateWorktree, use: (workspace: Workspace) => Promise<T>): Promise<T> {
    this.#created += 1;
    return this.#run(`create:${this.#created}`, () => createWorktree(this.#deps, request, use));
  }

  async get(id: WorktreeId): Promise<Worktree> {
    return lookAgain(this.#deps, await requireWorktree(this.#deps.store, id));
  }

  async list(query: { projectId?: ProjectId; states?: readonly WorktreeState[] }): Promise<Worktree[]> {
    const stored = await this.#deps.store.listWorktrees(query);
    const worktrees = await Promise.all(stored.map((each) => lookAgain(this.#deps, each)));
    // Whoever looks gets the last figures now, and new ones by the feed.
    void this.#sizes.refresh(worktrees);
    return worktrees;
  }

  async at(path: string): Promise<Worktree | undefined> {
    if (!path.startsWith(`${this.#deps.root}/`)) return undefined;
    const worktrees = await this.#deps.store.listWorktrees({});
    const found = worktrees.find(
      (worktree) => worktree.state !== "removed" && `${path}/`.startsWith(`${worktree.path}/`),
    );
    return found && lookAgain(this.#deps, found);
  }

  risk(id: WorktreeId): Promise<RiskReport> {
    return worktreeRisk(this.#deps, id);
  }

  workspaceRisk(id: WorkspaceId): Promise<RiskReport> {
    return workspaceRisk(this.#deps, id);
  }

  riskOf(session: SessionRisk): Promise<RiskReport> {
    return sessionRisk(this.#deps, session);
  }

  archive(id: WorkspaceId, actor: Actor): Promise<void> {
    return this.#run(`archive:${id}`, () => archiveWorktree(this.#deps, id, actor));
  }

  unarchive(id: WorkspaceId, actor: Actor): Promise<void> {
    return unarchiveWorktree(this.#deps, id, actor);
  }

  remove(id: WorktreeId, options: RemoveWorktree): Promise<Worktree> {
    const { discard, skipTeardown } = options;
    return this.#run(`remove:${id}:${discard}:${skipTeardown}`, () =>
      removeWorktree(this.#deps, id, options),
    );
  }

  restore(id: WorktreeId, options: { from: RestoreFrom; actor: Actor }): Promise<Worktree> {
    return this.#run(`restore:${id}:${options.from}`, async () => {
      await this.get(id);
      return restoreWorktree(this.#deps, id, options);
    });
  }

  prune(options: { dryRun: boolean; actor: Actor }): Promise<PruneReport> {
    return this.#run(`prune:${options.dryRun}`, () => this.#reaper.pass(options));
  }

  requireDirectory(id: WorkspaceId): Promise<MissingWorkspace | undefined> {
    return requireDirectory(this.#deps, id);
  }

  projects(): Promise<Project[]> {
    return this.#deps.store.listProjects();
  }

  async project(id: ProjectId): Promise<Project> {
    const project = await this.#deps.store.getProject(id);
    if (project === undefined) throw notFound("project", id);
    return project;
  }

  async patchProject(
    projectId: ProjectId,
    patch: PatchProject,
    { actor }: { actor: Actor },
  ): Promise<Applied<Project>> {
    requireCopyPatterns(patch.worktree?.copy ?? []);
    return this.#deps.store.patchProject({ ...patch, projectId, actor });
  }

  async recover(): Promise<void> {
    const { operations, root, logger } = this.#deps;
    await operations.recover();
    void emptyTrash(root, logger);
    this.#repeat();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#deps.operations.stop();
    this.#stopping.abort();
    await within(this.#deps.clock, STOP_MS, Promise.allSettled(this.#acts.values()));
  }

  /** Runs an act, or joins the one of that name that runs. */
  async #run<T>(name: string, act: () => Promise<T>): Promise<T> {
    const running = this.#acts.get(name) as Promise<T> | undefined;
    if (running !== undefined) return running;
    const started = act()
      .catch((error: unknown) => {
        throw refusalOf(error);
      })
      .finally(() => this.#acts.delete(name));
    this.#acts.set(name, started);
    return started;
  }

  #repeat(): void {
    this.#timer = this.#deps.clock.after(PASS_MS, () => void this.#passAndGoOn());
  }

  async #passAndGoOn(): Promise<void> {
    try {
      await this.housekeep();
      await this.prune({ dryRun: false, actor: WORKTREE_ACTOR });
    } catch (error) {
      const fields = { error: errorText(error) };
      this.#deps.logger.warn(fields, "a pass over the worktrees failed; the next one comes");
    }
    if (!this.#stopping.signal.aborted) this.#repeat();
  }

  async housekeep(): Promise<number> {
    const { store, clock, root, logger, operations } = this.#deps;
    const left = await operations.settleLeft();
    for (const worktree of await store.listWorktrees({}))
      if (worktree.rescue !== undefined && worktree.rescue.expires < clock.now())
        await dropRescues(this.#deps, worktree, WORKTREE_ACTOR);
    await this.#sizes.refresh(await store.listWorktrees({ states: ["active", "archived"] }));
    await emptyTrash(root, logger);
    return left;
  }
}

/** What git refuses is a refusal of the act, with git's own words; nothing is half-done then. */
function refusalOf(error: unknown): unknown {
  if (!isGitError(error)) return error;
  return new HoldfastError("UNPROCESSABLE", `${error.message}.`, {
    cause: error,
    data: { reason: "git", output: error.stderrTail },
  });
}
