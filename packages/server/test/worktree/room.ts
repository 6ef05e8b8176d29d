/** The worktree room on a real store and real git, in a directory of its own. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, newId, silentLogger, systemClock } from "@holdfast/kernel";
import type { SessionId, Workspace, WorkspaceId, Worktree, WorktreeSettings } from "@holdfast/protocol";
import { GitRunner } from "../../src/git/index.ts";
import { createSnapshots } from "../../src/snapshot/index.ts";
import type { Store } from "../../src/store/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { createWorktrees, type Worktrees } from "../../src/worktree/index.ts";

export const OWNER = { id: "owner", kind: "owner", label: "Owner" } as const;

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

export class Room implements AsyncDisposable {
  readonly root: string;
  readonly clock = new ShiftedClock();
  readonly released: SessionId[] = [];
  readonly woken: WorkspaceId[] = [];
  readonly environment: Record<string, string>;
  /** Pids that count as agents of the server. */
  readonly agents = new Set<number>();
  store!: Store;
  worktrees!: Worktrees;

  private constructor(root: string) {
    this.root = root;
    this.environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: join(root, "home"),
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  static async open(): Promise<Room> {
    const room = new Room(await realpath(await mkdtemp(join(tmpdir(), "holdfast-worktrees-"))));
    await Promise.all(["home", "project", "data", "root"].map((name) => mkdir(join(room.root, name))));
    await room.openStore("data");
    return room;
  }

  get project(): string {
    return join(this.root, "project");
  }

  get managed(): string {
    return join(this.root, "root");
  }

  /** Opens, or opens again, the room on the store in this directory, over the same managed root. */
  async openStore(name: string): Promise<void> {
    const { clock } = this;
    const directory = join(this.root, name);
    await mkdir(directory, { recursive: true });
    this.store = await openSqliteStore({ directory, clock, synchronous: "OFF" });
    const git = new GitRunner({
      clock,
      logger: silentLogger,
      environment: this.environment,
      temporary: join(directory, "tmp"),
    });
    this.worktrees = createWorktrees({
      store: this.store,
      git,
      snapshots: createSnapshots({ git, dataDirectory: directory, home: join(this.root, "home") }),
      clock,
      logger: silentLogger,
      root: this.managed,
      environment: this.environment,
      sessions: {
        release: (id) => {
          this.released.push(id);
          return Promise.resolve();
        },
        wakeWorkspace: (id) => void this.woken.push(id),
      },
      processes: {
        startTime: (pid) => Promise.resolve(pid === process.pid ? "1" : undefined),
        agents: () => Promise.resolve(this.agents),
      },
      owner: { instanceId: newId("ins"), host: "test" },
    });
  }

  async closeStore(): Promise<void> {
    await this.worktrees.stop();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeStore();
    execFileSync("chmod", ["-R", "u+rwX", this.root]);
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs git in a directory, the project's by default; answers what it says, without the last line end. */
  git(args: readonly string[], directory = this.project): string {
    const who = ["-c", "init.defaultBranch=main", "-c", "user.name=User", "-c", "user.email=user@localhost"];
    const allow = ["-c", "protocol.file.allow=always"];
    return execFileSync("git", ["-C", directory, ...who, ...allow, ...args], {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    })
      .toString("utf8")
      .replace(/\n$/, "");
  }

  /** A repository with one commit in the project's directory. */
  async makeRepository(files: Readonly<Record<string, string>> = { "a.txt": "one\n" }): Promise<void> {
    this.git(["init", "-q"]);
    await this.write(this.project, files);
    this.git(["add", "-A"]);
    this.git(["commit", "-q", "-m", "first"]);
  }

  async write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(directory, name, ".."), { recursive: true });
      await writeFile(join(directory, name), content);
    }
  }

  /** A worktree with a session in it, as `POST /api/sessions {worktree: true}` makes them. */
  async create(
    options: { directory?: string; base?: "head" | "dirty" } = {},
  ): Promise<{ worktree: Worktree; workspace: Workspace; sessionId: SessionId }> {
    const directory = options.directory ?? this.project;
    return this.worktrees.create(
      { directory, base: options.base ?? "head", actor: OWNER },
      async (workspace) => {
        const sessionId = await this.session(workspace);
        const worktree = await this.store.worktreeOf(workspace.id);
        if (worktree === undefined) throw new Error("no row");
        return { worktree, workspace, sessionId };
      },
    );
  }

  async session(workspace: Workspace): Promise<SessionId> {
    const { value } = await this.store.createSession({
      actor: OWNER,
      sessionId: newId("ses"),
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: workspace.directory,
      existingWorkspaceId: workspace.id,
      title: "Test",
      agent: "rehearsal",
      approvalMode: "all",
      resumePolicy: "manual",
    });
    return value.id;
  }

  /** Settings of the project, which the first worktree made known. */
  async settings(settings: WorktreeSettings): Promise<void> {
    const known = (await this.store.listProjects())[0];
    if (known === undefined) throw new Error("no project yet");
    await this.worktrees.patchProject(known.id, { worktree: settings }, { actor: OWNER });
  }

  /** A project that is known before its first worktree. */
  async knowProject(): Promise<void> {
    await this.store.createSession({
      actor: OWNER,
      sessionId: newId("ses"),
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: this.project,
      title: "Test",
      agent: "rehearsal",
      approvalMode: "all",
      resumePolicy: "manual",
    });
  }
}
