/**
 * The composition root: the only place that knows every adapter. It builds the rooms from the bottom up; `start` runs them in the order that
 * D-18 asks for (claim the directory, reap, recover, then listen), `stop` in the opposite one (D-21).
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { Access, Listener, OpenStreams } from "@holdfast/edge";
import { type Clock, type Logger, newId } from "@holdfast/kernel";
import { type ApprovalMode, type InstanceId, VERSION } from "@holdfast/protocol";
import { autoAllow } from "../agents/index.ts";
import { createEvents } from "../events/index.ts";
import { createHttp } from "../http/index.ts";
import { createJsonSchemas } from "../json-schema/index.ts";
import { createPermissions, createQuestions, DEFAULT_PERMISSION_SETTINGS } from "../permission/index.ts";
import { createRefs } from "../refs/index.ts";
import { createSessions } from "../session/index.ts";
import type { Store } from "../store/index.ts";
import { openSqliteStore } from "../store/sqlite/index.ts";
import { createSymbols } from "../symbols/index.ts";
import { createTurns } from "../turn/index.ts";
import { buildAgents, OUTPUTS } from "./build-agents.ts";
import { buildFiles } from "./build-files.ts";
import { buildPublishing } from "./build-publishing.ts";
import { buildSharing } from "./build-sharing.ts";
import type { ServerConfig } from "./config.ts";
import { replaceServerToken, serverToken } from "./data-directory.ts";
import { EmbeddedShare } from "./embedded-share.ts";
import { healthOf } from "./health.ts";
import { pageOf } from "./page-directory.ts";
import { repeat } from "./repeat.ts";
import { turnSettings } from "./settings.ts";
import { OUTPUT_SWEEP_MS, sweepOutputs } from "./sweep-outputs.ts";

export type Server = {
  readonly listener: Pick<Listener, "listen">;
  readonly store: Store;
  /** Recovers, then listens; answers where. */
  start(): Promise<{ url: string }>;
  /** Lets running turns go on for the grace, ends what is left, closes everything (D-21). */
  stop(): Promise<void>;
};

/** Between two passes of housekeeping, and rows of each kind a pass (D-14: not later than 10 min after the turn's end). */
const HOUSEKEEPING_MS = 60_000;
const HOUSEKEEPING_ROWS = 500;
/** Most passes in a row; the next round goes on. */
const HOUSEKEEPING_PASSES = 200;
/** How long opencode's servers may take to close their database once no turn needs them; SIGKILL follows. */
const OPENCODE_STOP_MS = 2_000;
type Facts = {
  directory: string;
  startTime: number;
  /** The key of the server's file (I-6), in hexadecimal. */
  proofKey: string;
  clock: Clock;
  logger: Logger;
};

type Base = Facts & {
  config: ServerConfig;
  store: Store;
  instanceId: InstanceId;
  /** The share service beside this server, where there is a program for it. */
  embeddedShare: EmbeddedShare | undefined;
};

/** Opens the store of a locked directory and builds the rooms on it. */
export async function compose(config: ServerConfig, facts: Facts): Promise<Server> {
  const { directory, clock, logger } = facts;
  const store = await openSqliteStore({
    directory,
    clock,
    logger,
    ...(config.file.synchronous === undefined ? {} : { synchronous: config.file.synchronous }),
    ...(config.faults === undefined ? {} : { faults: config.faults }),
  });
  try {
    return await build(store, config, facts);
  } catch (error) {
    // Its threads would keep a server alive that refused to start.
    await store.close();
    throw error;
  }
}

async function build(store: Store, config: ServerConfig, facts: Facts): Promise<Server> {
  const { clock } = facts;
  const instanceId = newId("ins", clock.now());
  const host = hostname();
  await store.registerInstance({
    id: instanceId,
    pid: process.pid,
    host,
    startTime: facts.startTime,
    // The lock of the data directory is ours.
    isAlone: true,
  });
  const base: Base = { ...facts, config, store, instanceId, embeddedShare: embeddedShareOf(config, facts) };
  const agents = buildAgents(base);
  const files = buildFiles({
    ...base,
    owner: { instanceId, host },
    sessions: {
      release: (sessionId) => running.turns.release(sessionId),
      wakeWorkspace: (workspaceId) => running.turns.wakeWorkspace(workspaceId),
    },
  });
  const running = buildTurns(base, agents, files);
  const surface = buildSurface(base, agents, files, running);
  return serverOf(base, agents, files, running, surface);
}

function embeddedShareOf(
  config: ServerConfig,
  { directory, clock, logger }: Facts,
): EmbeddedShare | undefined {
  const { shareProgram: program, sharePort: port, environment } = config;
  if (program === undefined) return undefined;
  return new EmbeddedShare({ program, directory, port, environment, clock, logger });
}

type Agents = ReturnType<typeof buildAgents>;
type Files = ReturnType<typeof buildFiles>;

function buildTurns(
  { config, store, clock, logger, instanceId }: Base,
  { catalog, pool, reap }: Agents,
  { watch }: Files,
) {
  const asking = {
    store,
    clock,
    settings: { timeoutMs: config.file.permissionTimeoutMs ?? DEFAULT_PERMISSION_SETTINGS.timeoutMs },
  };
  const permissions = createPermissions({
    ...asking,
    autoAnswer: (mode, { kind }) => autoAllow(mode, kind),
    takesWords: (agent) => catalog.record(agent)?.takesWords === true,
  });
  const questions = createQuestions(asking);
  const settings = turnSettings(config);
  const mayWrite = (agent: string, mode: ApprovalMode) =>
    catalog.record(agent)?.cannotWrite?.includes(mode) !== true;
  const schemas = createJsonSchemas(clock);
  const turns = createTurns({
    store,
    pool,
    permissions,
    questions,
    schemas,
    reap,
    mayWrite,
    watch,
    clock,
    logger,
    instanceId,
    settings,
  });
  return { permissions, questions, turns, schemas };
}

type Running = ReturnType<typeof buildTurns>;

/** What the outside touches: sessions, event streams, HTTP. */
function buildSurface(
  base: Base,
  { catalog, providers, pool, resources }: Agents,
  { git, worktrees, changes, root }: Files,
  { permissions, questions, turns, schemas }: Running,
) {
  const { config, directory, store, clock, logger, instanceId } = base;
  const events = createEvents({ store, clock, logger });
  const sessions = createSessions({
    store,
    turns,
    catalog,
    schemas,
    symbols: createSymbols(clock),
    resources,
    clock,
    logger,
    settings: {
      approvalMode: config.file.approvalMode ?? "ask",
      resumePolicy: config.file.resumePolicy ?? "manual",
      ...(config.file.agent === undefined ? {} : { agent: config.file.agent }),
    },
    reserved: { dataDirectory: directory, worktreeDirectory: root },
    worktrees,
    changes,
    git,
  });
  const refs = buildRefs(base, turns);
  const token = serverToken(directory, config.token);
  const publishing = buildPublishing({ ...base, changes, secrets: [token, base.proofKey] });
  const sharing = buildSharing({ ...base, ...publishing });
  const access = new Access({
    tokens: store,
    refs,
    serverToken: token,
    proofKey: base.proofKey,
    ...(config.token === undefined
      ? { replaceToken: () => publishing.keepSecret(replaceServerToken(directory)) }
      : {}),
    clock,
  });
  const streams = new OpenStreams(clock, access);
  const http = createHttp({
    access,
    streams,
    sessions,
    worktrees,
    changes,
    permissions,
    questions,
    turns,
    catalog,
    models: providers,
    pool,
    events,
    refs,
    previews: publishing.previews,
    shares: sharing.shares,
    sessionOf: (kind, id) => store.sessionOf(kind, id),
    publicUrl: config.publicUrl,
    diagnose: () => store.inspect({ live: instanceId }),
    clock,
    logger,
    version: VERSION,
    health: healthOf(clock, () => store.heartbeat({ instanceId })),
    page: config.pageDirectory === undefined ? undefined : pageOf(config.pageDirectory),
  });
  const listener = new Listener({
    answer: http.answer,
    upgrade: http.upgrade,
    allowedHosts: config.allowedHosts,
    exposure: config.behindProxy ? "proxy" : config.insecureHttp ? "insecureHttp" : "loopback",
    clock,
    logger,
  });
  return { events, http, refs, sharing, streams, listener };
}

const buildRefs = ({ store, clock, logger }: Base, turns: Running["turns"]) =>
  createRefs({
    store,
    clock,
    logger,
    stopTurn: (command) => turns.cancel({ ...command, next: undefined }),
  });

type Surface = ReturnType<typeof buildSurface>;

function serverOf(
  base: Base,
  agents: Agents,
  { snapshots, worktrees, tracker, changes }: Files,
  running: Running,
  { events, http, refs, sharing, streams, listener }: Surface,
): Server {
  const { config, store, clock, logger, instanceId, embeddedShare } = base;
  const { turns, permissions, questions } = running;
  const housekeeping = repeat(clock, HOUSEKEEPING_MS, logger, async () => {
    let passes = 0;
    while ((await store.sweepHousekeeping({ limit: HOUSEKEEPING_ROWS })) > 0 && passes < HOUSEKEEPING_PASSES)
      passes += 1;
    await tracker.sweep();
  });
  const outputs = repeat(clock, OUTPUT_SWEEP_MS, logger, () =>
    sweepOutputs(join(base.directory, OUTPUTS), clock.now()),
  );
  return {
    listener,
    store,
    async start() {
      await snapshots.sweepTemporary();
      await turns.recover();
      // Behind the turns' recovery, which reaps what a dead server's agents still write there (D-18). Turns that it starts wait for the leases of
      // open intents; before anything is asked for, so that nobody sees a half-made worktree (W-11).
      await worktrees.recover();
      await changes.recover();
      const place = await listener.listen(config.host, config.port, { isAnyPortFine: config.isAnyPortFine });
      embeddedShare?.resume();
      await sharing.start();
      return place;
    },
    async stop() {
      http.drain();
      housekeeping.cancel();
      outputs.cancel();
      await Promise.all([turns.stop(config.stopBudgetMs), agents.resources.stop()]);
      await sharing.stop();
      await embeddedShare?.stop();
      changes.stop();
      await worktrees.stop();
      await agents.opencode.dispose(OPENCODE_STOP_MS);
      permissions.stop();
      questions.stop();
      await agents.catalog.close();
      http.stop();
      streams.closeAll();
      await listener.close();
      events.close();
      await refs.stop();
      await store.endInstance({ instanceId });
      await store.close();
    },
  };
}
