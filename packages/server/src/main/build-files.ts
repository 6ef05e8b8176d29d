import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Logger } from "@holdfast/kernel";
import type { SessionId, WorkspaceId } from "@holdfast/protocol";
import { processTable } from "../agents/index.ts";
import { createRepositories, createReview, createTracker } from "../changes/index.ts";
import { GitRunner } from "../git/index.ts";
import type { Owner } from "../operation/index.ts";
import { createSnapshots } from "../snapshot/index.ts";
import type { Store } from "../store/index.ts";
import type { TurnWatch } from "../turn/index.ts";
import { createWorktrees, type ProcessFacts } from "../worktree/index.ts";
import { ConfigError, type ServerConfig } from "./config.ts";

export type FilesDeps = {
  config: ServerConfig;
  /** Real path of the data directory. */
  directory: string;
  store: Store;
  /** This process, as the owner of work on files. */
  owner: Owner;
  clock: Clock;
  logger: Logger;
  /** The rooms above, which are built later. */
  sessions: { release(sessionId: SessionId): Promise<void>; wakeWorkspace(workspaceId: WorkspaceId): void };
};

/** What works on files of projects: git, snapshots, worktrees and changes, and where they keep theirs. Throws ConfigError. */
export function buildFiles({ config, directory, store, owner, clock, logger, sessions }: FilesDeps) {
  const root = managedRoot(config.file.worktreeDirectory ?? join(directory, "worktrees"));
  const temporary = join(directory, "tmp");
  const { environment } = config;
  const git = new GitRunner({ clock, logger, environment, temporary });
  const snapshots = createSnapshots({
    git,
    dataDirectory: directory,
    home: config.home,
  });
  const processes = processFacts(store);
  const worktrees = createWorktrees({
    store,
    git,
    snapshots,
    clock,
    logger,
    root,
    environment,
    sessions,
    processes,
    owner,
  });
  const tracker = createTracker({ store, snapshots, clock, logger, isOn: config.file.snapshots !== false });
  const repositories = createRepositories({ store, git, snapshots });
  const changes = createReview({
    store,
    repositories,
    watch: tracker,
    owner,
    wakeWorkspace: (id) => sessions.wakeWorkspace(id),
    clock,
    logger,
  });
  const watch: TurnWatch = {
    before: (started, touched, wait) => tracker.before(started, touched, wait),
    step: (started, number) => tracker.step(started, number),
    after: (started, wait) => tracker.after(started, wait),
    dismiss: (started) => tracker.dismiss(started),
    recover: (turn, touched) => tracker.recover(turn, touched),
    requireDirectory: ({ workspaceId }) => worktrees.requireDirectory(workspaceId),
  };
  return { git, snapshots, worktrees, tracker, changes, watch, root };
}

/** The directory that worktrees are made in, private to the user; its real path, since git names worktrees by it. */
function managedRoot(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return realpathSync(path);
  } catch (error) {
    throw new ConfigError(`The directory for worktrees ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function processFacts(store: Store): ProcessFacts {
  const table = processTable(process.platform);
  return {
    startTime: async (pid) => (await table.inspect(pid))?.startTime,
    async agents() {
      const rows = await store.openProcesses();
      const found = await table.relatives(
        rows.map(({ launchId, pid, startTime }) =>
          pid === undefined || startTime === undefined
            ? { launchId }
            : { launchId, root: { pid, startTime } },
        ),
      );
      return new Set([...found.values()].flat());
    },
  };
}
