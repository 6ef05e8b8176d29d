/** Review on a real store, real git and real files, in a directory of its own. Agents are plain edits between two snapshots. */
import { execFileSync } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, newId, silentLogger, systemClock } from "@holdfast/kernel";
import type { Change, Session, Turn, Workspace, WorkspaceId } from "@holdfast/protocol";
import {
  createReview,
  createRepositories,
  createTracker,
  type Review,
  type ReviewDeps,
  type Tracker,
} from "../../src/changes/index.ts";
import { GitRunner } from "../../src/git/index.ts";
import { createSnapshots } from "../../src/snapshot/index.ts";
import type { SessionNote, Store } from "../../src/store/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";

export const OWNER = { id: "owner", kind: "owner", label: "Owner" } as const;
/** A file's text, or what else may be at a path; `null` removes it. */
export type Content = string | Buffer | null | { link: string } | { text: string; mode: number };
export type Files = Readonly<Record<string, Content>>;

export class ReviewRoom implements AsyncDisposable {
  readonly root: string;
  readonly environment: Record<string, string>;
  readonly woken: WorkspaceId[] = [];
  /** What somebody else does between a dry run and the first write. */
  meddle: (() => Promise<void>) | undefined;
  clock: Clock = systemClock;
  store!: Store;
  tracker!: Tracker;
  review!: Review;
  /** Where agents work: a worktree, or the project's directory. */
  workspace!: Workspace;
  directory!: string;

  private constructor(root: string) {
    this.root = root;
    this.environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: join(root, "home"),
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  /** A project with these files: committed in a repository, or, with `git: false`, plain. */
  static async open(files: Files, options: { git?: boolean } = {}): Promise<ReviewRoom> {
    const room = new ReviewRoom(await realpath(await mkdtemp(join(tmpdir(), "holdfast-review-"))));
    for (const name of ["home", "project", "data", "worktrees"]) await mkdir(join(room.root, name));
    await room.openStore();
    await room.write(room.project, files);
    if (options.git !== false) {
      room.git(["init", "-q"]);
      room.commit("first");
    }
    return room;
  }

  /** A room that another process has left, alive or dead. */
  static async reopen(root: string): Promise<ReviewRoom> {
    const room = new ReviewRoom(root);
    await room.openStore();
    room.directory = await readFile(join(root, "directory"), "utf8");
    const workspaces = (await room.store.listProjects()).map(({ id }) =>
      room.store.listWorkspaces({ projectId: id }),
    );
    const all = (await Promise.all(workspaces)).flat();
    const workspace = all.find(({ directory }) => directory === room.directory);
    if (workspace === undefined) throw new Error("no workspace");
    room.workspace = workspace;
    return room;
  }

  /** Lets go of the store, so that another process can take the room. */
  async leave(): Promise<void> {
    await writeFile(join(this.root, "directory"), this.directory);
    await this.closeStore();
  }

  get project(): string {
    return join(this.root, "project");
  }

  async openStore(): Promise<void> {
    const directory = join(this.root, "data");
    const { clock } = this;
    const logger = silentLogger;
    this.store = await openSqliteStore({ directory, synchronous: "OFF" });
    const { store } = this;
    // The room's clock may be hasty; what git may take is not shortened with it.
    const git = new GitRunner({
      clock: systemClock,
      logger,
      environment: this.environment,
      temporary: join(directory, "tmp"),
    });
    const snapshots = createSnapshots({ git, dataDirectory: directory, home: join(this.root, "home") });
    this.tracker = createTracker({ store, snapshots, clock, logger, isOn: true });
    this.review = createReview({
      store,
      repositories: this.#meddledWith(createRepositories({ store, git, snapshots })),
      watch: this.tracker,
      wakeWorkspace: (id) => void this.woken.push(id),
      owner: { instanceId: newId("ins"), host: "test" },
      clock,
      logger,
    });
  }

  /** Repositories in which `meddle` runs right behind the last dry run of an apply. */
  #meddledWith(repositories: ReviewDeps["repositories"]): ReviewDeps["repositories"] {
    return {
      ...repositories,
      targetOf: async (workspace) => {
        const target = await repositories.targetOf(workspace);
        const refusal = async (from: string, to: string) => {
          const answer = await target.repo.refusal(from, to);
          await this.meddle?.();
          return answer;
        };
        return { ...target, repo: { ...target.repo, refusal } };
      },
    };
  }

  /** As after a crash: the same data directory, opened again, and recovered. */
  async restart(): Promise<void> {
    await this.closeStore();
    await this.openStore();
    await this.review.recover();
  }

  async closeStore(): Promise<void> {
    this.review.stop();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeStore();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Agents work in the project's directory itself. */
  async inProject(directory = this.project): Promise<Session> {
    this.directory = directory;
    const session = await this.session({ directory });
    this.workspace = await this.workspaceOf(session);
    return session;
  }

  /** Agents work in a worktree of the project; with `below` the project is a subdirectory of its repository. */
  async inWorktree(below = ""): Promise<Session> {
    const home = join(this.project, below);
    this.directory = join(this.root, "worktrees", "one");
    this.git(["worktree", "add", "-q", "--no-track", "-b", "holdfast/one", this.directory]);
    const [worktreeId, workspaceId, operationId] = [newId("wkt"), newId("wsp"), newId("opr")];
    const baseCommit = this.git(["rev-parse", "HEAD"]);
    await this.store.beginWorktree({
      actor: OWNER,
      operationId,
      instanceId: newId("ins"),
      data: {},
      worktreeId,
      workspaceId,
      projectId: newId("prj"),
      directoryWorkspaceId: newId("wsp"),
      projectDirectory: home,
      directory: join(this.directory, below),
      path: this.directory,
      branch: "holdfast/one",
      baseCommit,
      baseTree: this.git(["rev-parse", "HEAD^{tree}"]),
      repository: join(this.project, ".git"),
    });
    await this.store.patchWorktree({
      worktreeId,
      patch: { state: "active" },
      actor: OWNER,
      operation: { id: operationId, epoch: 1, state: "done" },
    });
    const session = await this.session({
      directory: join(this.directory, below),
      existingWorkspaceId: workspaceId,
    });
    this.workspace = await this.workspaceOf(session);
    return session;
  }

  async session(place: { directory: string; existingWorkspaceId?: WorkspaceId }): Promise<Session> {
    const { value } = await this.store.createSession({
      actor: OWNER,
      sessionId: newId("ses"),
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      title: "Test",
      agent: "rehearsal",
      approvalMode: "all",
      resumePolicy: "manual",
      ...place,
    });
    return value;
  }

  async workspaceOf(session: Session): Promise<Workspace> {
    const workspace = await this.store.getWorkspace(session.workspaceId);
    if (workspace === undefined) throw new Error("no workspace");
    return workspace;
  }

  /** One turn of an agent: what it wrote is attributed to it. */
  async turn(session: Session, agent: string, files: Files, directory = this.directory): Promise<Change[]> {
    const turn = { id: newId("trn"), inputId: newId("inp"), agent } as Turn;
    const touched = () => Object.keys(files).map((name) => join(directory, name));
    await this.tracker.before({ session, turn }, touched);
    await this.write(directory, files);
    await this.tracker.after({ session, turn });
    return this.changes();
  }

  /** A turn of the session that runs, as its claimed owner would have it; answers what ends it. `notes` are told to it. */
  async startTurn(
    session: Session,
    told: (notes: SessionNote[]) => void = () => undefined,
  ): Promise<() => Promise<void>> {
    const { store } = this;
    const [instanceId, messageId] = [newId("ins"), newId("msg")];
    const sessionId = session.id;
    await store.registerInstance({ id: instanceId, pid: 1, host: "test", startTime: 1, isAlone: true });
    await store.admitInput({
      actor: OWNER,
      sessionId,
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId,
      parts: [{ type: "text", text: "go on", id: newId("prt"), sessionId, messageId }],
      requestedDelivery: "queue",
      delivery: "queue",
      agent: "rehearsal",
    });
    const started = await store.startTurn({
      sessionId,
      instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: OWNER,
      writes: true,
    });
    if (started === undefined) throw new Error("no turn");
    const { epoch, turn } = started;
    told(await store.takeNotes({ sessionId, turnId: turn.id, epoch }));
    return async () => {
      await store.beginFinalize({ turnId: turn.id, epoch, record: { state: "completed", finish: "stop" } });
      await store.finalizeTurn({ turnId: turn.id, epoch, actor: OWNER, stepFinishPartId: newId("prt") });
    };
  }

  /** A turn that the agent of the session started by itself while somebody else had the workspace, so that it has no lease; answers what ends it. */
  async startByItself({ id: sessionId }: Session): Promise<() => Promise<void>> {
    const { store } = this;
    const [instanceId, turnId] = [newId("ins"), newId("trn")];
    await store.registerInstance({ id: instanceId, pid: 1, host: "test", startTime: 1, isAlone: true });
    const started = await store.startAgentTurn({
      sessionId,
      instanceId,
      agent: "rehearsal",
      turnId,
      messageId: newId("msg"),
      parts: [],
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: OWNER,
      writes: false,
    });
    if (started === undefined) throw new Error("no turn");
    const { epoch } = started;
    return async () => {
      await store.beginFinalize({ turnId, epoch, record: { state: "completed", finish: "stop" } });
      await store.finalizeTurn({ turnId, epoch, actor: OWNER, stepFinishPartId: newId("prt") });
    };
  }

  async changes(): Promise<Change[]> {
    return (await this.review.list(this.workspace.id, { refresh: false })).items;
  }

  async change(path: string): Promise<Change> {
    const change = (await this.changes()).find((one) => one.path === path);
    if (change === undefined) throw new Error(`no change of ${path}`);
    return change;
  }

  async write(directory: string, files: Files): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(directory, name);
      await rm(path, { recursive: true, force: true });
      if (content === null) continue;
      await mkdir(join(path, ".."), { recursive: true });
      if (typeof content === "string" || Buffer.isBuffer(content)) await writeFile(path, content);
      else if ("link" in content) await symlink(content.link, path);
      else {
        await writeFile(path, content.text);
        await chmod(path, content.mode);
      }
    }
  }

  /** Every file below a directory but git's own: kind, mode and bytes. */
  async picture(directory = this.project): Promise<Record<string, string>> {
    const all: Record<string, string> = {};
    for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(directory.length + 1);
      if (name === ".git" || name.startsWith(".git/") || entry.isDirectory()) continue;
      const { mode } = await lstat(path);
      all[name] = entry.isSymbolicLink()
        ? `link ${await readlink(path)}`
        : `${(mode & 0o777).toString(8)} ${(await readFile(path)).toString("latin1")}`;
    }
    return all;
  }

  /** What of the user's git no review may ever move: index, stash, HEAD, branches, reflog. */
  async untouched(): Promise<Record<string, string>> {
    const bytes = (name: string) => readFile(join(this.project, ".git", name), "base64").catch(() => "none");
    return {
      index: await bytes("index"),
      head: await bytes("HEAD"),
      headLog: await bytes("logs/HEAD"),
      stash: await bytes("refs/stash"),
      branches: this.git(["for-each-ref", "refs/heads", "refs/tags"]),
      config: await bytes("config"),
    };
  }

  commit(message: string, directory = this.project): void {
    this.git(["add", "-A"], directory);
    this.git(["commit", "-q", "--allow-empty", "-m", message], directory);
  }

  git(args: readonly string[], directory = this.project): string {
    const who = ["-c", "init.defaultBranch=main", "-c", "user.name=User", "-c", "user.email=user@localhost"];
    return execFileSync("git", ["-C", directory, ...who, ...args], {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    })
      .toString("utf8")
      .replace(/\n$/, "");
  }
}
