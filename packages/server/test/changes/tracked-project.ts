/** A project with a tracker on a real store and real git, in a directory of its own; turns are played by hand. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Clock, newId, silentLogger, systemClock } from "@holdfast/kernel";
import type { Actor, SessionId, Tracking, TurnId, WorkspaceId } from "@holdfast/protocol";
import { createTracker, type Tracker, type TurnFiles } from "../../src/changes/index.ts";
import { GitRunner } from "../../src/git/index.ts";
import { createSnapshots } from "../../src/snapshot/index.ts";
import type { StartedTurn, Store, StoredChange } from "../../src/store/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "owner" };

/** The machine's clock, put forward by tests. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  now(): number {
    return Date.now() + this.shiftMs;
  }
  monotonic(): number {
    return systemClock.monotonic() + this.shiftMs;
  }
  after(ms: number, run: () => void): ReturnType<Clock["after"]> {
    return systemClock.after(ms, run);
  }
}

export type PlayedTurn = {
  started: StartedTurn;
  turnId: TurnId;
  sessionId: SessionId;
  files: TurnFiles | undefined;
};

type TurnOptions = {
  agent?: string;
  sessionId?: SessionId;
  /** What the agent names, as it spells it. */
  touched?: readonly string[];
};

export class TrackedProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-tracked-")));
  readonly clock = new ShiftedClock();
  readonly instanceId = newId("ins");
  readonly environment: Record<string, string>;
  directory: string;
  store!: Store;
  tracker!: Tracker;

  private constructor() {
    this.directory = join(this.root, "project");
    this.environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: join(this.root, "home"),
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "A User",
      GIT_AUTHOR_EMAIL: "user@example.test",
      GIT_COMMITTER_NAME: "A User",
      GIT_COMMITTER_EMAIL: "user@example.test",
    };
    for (const name of ["home", "project", "data"]) mkdirSync(join(this.root, name));
  }

  /** `git`: the project is a repository with these files committed; else a plain directory that holds them. */
  static async open(
    files: Record<string, string | Buffer> = {},
    { git = true, isOn = true }: { git?: boolean; isOn?: boolean } = {},
  ): Promise<TrackedProject> {
    const project = new TrackedProject();
    for (const [path, content] of Object.entries(files)) project.write(path, content);
    if (git) {
      project.git("init", "-q", "-b", "main");
      project.git("add", "-A");
      project.git("commit", "-q", "--allow-empty", "-m", "first");
    }
    project.store = await openSqliteStore({
      directory: join(project.root, "data"),
      clock: project.clock,
      synchronous: "OFF",
    });
    await project.store.registerInstance({
      id: project.instanceId,
      pid: process.pid,
      host: "test",
      startTime: Date.now(),
      isAlone: true,
    });
    project.restart({ isOn });
    return project;
  }

  /** A tracker that remembers nothing but what is stored, as after a crash. */
  restart({
    isOn = true,
    home = this.environment["HOME"] ?? "",
  }: { isOn?: boolean; home?: string } = {}): void {
    const { clock, store } = this;
    const logger = silentLogger;
    const git = new GitRunner({
      clock,
      logger,
      environment: this.environment,
      temporary: join(this.root, "data", "tmp"),
    });
    const snapshots = createSnapshots({
      git,
      dataDirectory: join(this.root, "data"),
      home,
    });
    this.tracker = createTracker({ store, snapshots, clock, logger, isOn });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  git(...args: string[]): string {
    const options = { cwd: this.directory, env: this.environment, encoding: "utf8" as const };
    return execFileSync("git", args, options).trim();
  }

  write(path: string, content: string | Buffer): void {
    const file = join(this.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Replaces one line of a text file, counted from 1. */
  edit(path: string, line: number, text: string): void {
    const lines = this.read(path).split("\n");
    lines[line - 1] = text;
    this.write(path, lines.join("\n"));
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), "utf8");
  }

  remove(path: string): void {
    rmSync(join(this.directory, path), { recursive: true });
  }

  /** A session of the project, or of an existing workspace. */
  async session(existingWorkspaceId?: WorkspaceId): Promise<SessionId> {
    const { value } = await this.store.createSession({
      actor: OWNER,
      sessionId: newId("ses"),
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: this.directory,
      existingWorkspaceId,
      title: "A session",
      agent: "rehearsal",
      approvalMode: "all",
      resumePolicy: "manual",
    });
    return value.id;
  }

  /** A turn up to where its agent would be prompted. */
  async begin({ agent = "rehearsal", sessionId, touched = [] }: TurnOptions = {}): Promise<StartedTurn> {
    const id = sessionId ?? (await this.session());
    const messageId = newId("msg");
    const part = { type: "text" as const, text: "work" };
    await this.store.admitInput({
      actor: OWNER,
      sessionId: id,
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId,
      parts: [{ ...part, id: newId("prt"), sessionId: id, messageId }],
      requestedDelivery: "queue",
      delivery: "queue",
      agent,
    });
    const started = await this.store.startTurn({
      sessionId: id,
      instanceId: this.instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: OWNER,
    });
    if (started === undefined) throw new Error("The turn does not start.");
    await this.tracker.before(started, () => touched);
    return started;
  }

  /** A turn that the agent of a session starts by itself. */
  async beginByItself(sessionId: SessionId): Promise<StartedTurn> {
    const started = await this.store.startAgentTurn({
      sessionId,
      instanceId: this.instanceId,
      agent: "rehearsal",
      turnId: newId("trn"),
      messageId: newId("msg"),
      parts: [],
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: OWNER,
      writes: true,
    });
    if (started === undefined) throw new Error("The turn does not start.");
    await this.tracker.before(started, () => []);
    return started;
  }

  /** What follows the end of the agent's work: the snapshot, unless there is to be none, and the end of the turn. */
  async end(started: StartedTurn, { isCompared = true } = {}): Promise<TurnFiles | undefined> {
    const files = isCompared ? await this.tracker.after(started) : undefined;
    const { turn, epoch } = started;
    await this.store.beginFinalize({ turnId: turn.id, epoch, record: { state: "completed" } });
    await this.store.finalizeTurn({ turnId: turn.id, epoch, actor: OWNER, stepFinishPartId: newId("prt") });
    return files;
  }

  /** A whole turn, in which `work` is done. */
  async turn(options: TurnOptions, work: () => unknown): Promise<PlayedTurn> {
    const started = await this.begin(options);
    await work();
    const files = await this.end(started);
    return { started, turnId: started.turn.id, sessionId: started.session.id, files };
  }

  async workspaceId(sessionId: SessionId): Promise<WorkspaceId> {
    const session = await this.store.getSession(sessionId);
    if (session === undefined) throw new Error(`There is no session ${sessionId}.`);
    return session.workspaceId;
  }

  /** The project's own workspace, once there is one. */
  async ownWorkspace(): Promise<WorkspaceId> {
    const project = await this.store.findProject(this.directory);
    const found = project && (await this.store.projectWorkspace(project.id));
    if (found === undefined) throw new Error("The project has no workspace yet.");
    return found.id;
  }

  async changes(workspaceId?: WorkspaceId): Promise<StoredChange[]> {
    return this.store.listChanges({ workspaceId: workspaceId ?? (await this.ownWorkspace()) });
  }

  async change(key: string, workspaceId?: WorkspaceId): Promise<StoredChange> {
    const found = (await this.changes(workspaceId)).find((each) => each.key === key);
    if (found === undefined) throw new Error(`There is no change of ${key}.`);
    return found;
  }

  async tracking(workspaceId?: WorkspaceId): Promise<Tracking> {
    return this.store.getTracking(workspaceId ?? (await this.ownWorkspace()));
  }

  async refresh(workspaceId?: WorkspaceId): Promise<void> {
    const id = workspaceId ?? (await this.ownWorkspace());
    await this.tracker.exclusive([id], () => this.tracker.refresh(id));
  }
}
