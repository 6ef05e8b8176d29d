import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Access, Listener, OpenStreams } from "@holdfast/edge";
import { type Clock, type Logger, newId, silentLogger, systemClock } from "@holdfast/kernel";
import {
  type Agent,
  isTerminal,
  type LiveAgentList,
  type SessionId,
  type Turn,
  type TurnId,
  type WorkspaceId,
} from "@holdfast/protocol";
import { processTable } from "../../src/agents/index.ts";
import { createRepositories, createReview, createTracker } from "../../src/changes/index.ts";
import { createEvents, type Events } from "../../src/events/index.ts";
import { GitRunner } from "../../src/git/index.ts";
import { createHttp, type Http, type HttpDeps } from "../../src/http/index.ts";
import { createJsonSchemas } from "../../src/json-schema/index.ts";
import {
  createPermissions,
  createQuestions,
  DEFAULT_PERMISSION_SETTINGS,
} from "../../src/permission/index.ts";
import { createRefs, type Refs } from "../../src/refs/index.ts";
import { createResources } from "../../src/resources/index.ts";
import { createSessions, type Sessions, type TurnDoor } from "../../src/session/index.ts";
import { createPreviews, createPublisher, type Previews, Shares } from "../../src/sharing/index.ts";
import { createSnapshots } from "../../src/snapshot/index.ts";
import { type StartedTurn, type Store } from "../../src/store/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { createSymbols } from "../../src/symbols/index.ts";
import { createWorktrees } from "../../src/worktree/index.ts";
import { SERVICES } from "./no-service.ts";

export const TOKEN = "t".repeat(40);
/** Known to be secret, whatever they look like. */
const SECRETS = [TOKEN];
export const PROOF_KEY = "5".repeat(64);
export const SYSTEM = { id: "system:test", kind: "system", label: "Test" } as const;

const AGENTS: Agent[] = [
  {
    id: "rehearsal",
    name: "Rehearsal",
    backend: "acp",
    available: true,
    features: { subagents: "no" } as Agent["features"],
    approvalModes: ["ask", "all"],
  },
  {
    id: "steered",
    name: "Steered",
    backend: "acp",
    available: true,
    features: { steer: "yes" } as Agent["features"],
    approvalModes: ["ask", "all"],
  },
  {
    id: "qwen",
    name: "Qwen Code",
    backend: "acp",
    available: false,
    features: {} as Agent["features"],
    approvalModes: [],
    reason: "The program qwen is not on the PATH.",
  },
];

/** What the pool says of itself in every test. */
export const LIVE: LiveAgentList = {
  items: [
    { sessionId: newId("ses"), agent: "rehearsal", state: "idle", idleMs: 5.5, pid: 7, memoryBytes: 1_024 },
    { sessionId: newId("ses"), agent: "rehearsal", state: "waiting" },
  ],
  limit: 10,
};

/** A turn door that runs nothing by itself: tests move turns through the store. */
class HandDrivenTurns implements TurnDoor {
  readonly woken: SessionId[] = [];
  readonly released: SessionId[] = [];
  readonly wokenWorkspaces: WorkspaceId[] = [];
  readonly closedAgents: string[] = [];
  /** Agents that are used, as far as anybody asks. */
  readonly usedAgents = new Set<string>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  wake(sessionId: SessionId): void {
    this.woken.push(sessionId);
  }

  wakeWorkspace(workspaceId: WorkspaceId): void {
    this.wokenWorkspaces.push(workspaceId);
  }

  cancel(command: Parameters<TurnDoor["cancel"]>[0]): ReturnType<TurnDoor["cancel"]> {
    return this.#store.cancelTurn(command);
  }

  async authenticate(): Promise<void> {}

  async finished(id: TurnId, timeoutMs: number, signal?: AbortSignal): Promise<Turn | undefined> {
    const ended = async (): Promise<Turn | undefined> => {
      const turn = await this.#store.getTurn(id);
      return turn !== undefined && isTerminal(turn.state) ? turn : undefined;
    };
    const early = await ended();
    if (early !== undefined) return early;
    return new Promise((resolve) => {
      const settle = (turn: Turn | undefined): void => {
        stop();
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        resolve(turn);
      };
      const leave = (): void => settle(undefined);
      const stop = this.#store.onCommit(() => void ended().then((turn) => turn && settle(turn)));
      const timer = setTimeout(leave, timeoutMs);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  closeAgent(_sessionId: SessionId, agent: string): boolean {
    if (this.usedAgents.has(agent)) return false;
    this.closedAgents.push(agent);
    return true;
  }

  release(sessionId: SessionId): Promise<void> {
    this.released.push(sessionId);
    return Promise.resolve();
  }
}

/** A real server on a real port with a real store in a directory of its own. */
export class ServerUnderTest implements AsyncDisposable {
  readonly root: string;
  readonly project: string;
  readonly store: Store;
  readonly turns: HandDrivenTurns;
  readonly sessions: Sessions;
  readonly events: Events;
  readonly http: Http;
  readonly refs: Refs;
  readonly previews: Previews;
  readonly shares: Shares;
  readonly #streams: OpenStreams;
  readonly #listener: Listener;
  url = "";
  port = 0;

  private constructor(root: string, store: Store, options: Options) {
    this.root = root;
    this.project = join(root, "project");
    this.store = store;
    const clock = options.clock ?? systemClock;
    const logger = options.logger ?? silentLogger;
    this.turns = new HandDrivenTurns(store);
    const catalog = { list: () => Promise.resolve(AGENTS) };
    const files = filesUnderTest(root, store, this.turns, clock);
    this.sessions = createSessions({
      store,
      turns: this.turns,
      catalog,
      schemas: createJsonSchemas(clock),
      symbols: createSymbols(clock),
      resources: createResources({
        clock,
        launch: {
          store,
          clock,
          table: processTable(process.platform),
          instanceId: newId("ins"),
          environment: process.env,
          temporaryRoot: tmpdir(),
        },
      }),
      clock,
      logger,
      settings: { approvalMode: "ask", resumePolicy: "manual" },
      reserved: { dataDirectory: join(root, "data"), worktreeDirectory: join(root, "data", "worktrees") },
      worktrees: files.worktrees,
      changes: files.changes,
      git: files.git,
    });
    this.events = createEvents({ store, clock, logger });
    const asking = { store, clock, settings: DEFAULT_PERMISSION_SETTINGS };
    const permissions = createPermissions({
      ...asking,
      autoAnswer: () => undefined,
      takesWords: () => false,
    });
    const questions = createQuestions(asking);
    this.refs = createRefs({
      store,
      clock,
      logger,
      stopTurn: (command) => this.turns.cancel({ ...command, next: undefined }),
    });
    const publisher = createPublisher({
      store,
      readChange: (change) => Promise.resolve(change),
      home: [join(root, "home")],
      secrets: () => SECRETS,
    });
    this.previews = createPreviews({
      publisher,
      store,
      listChanges: async ({ workspaceId }) =>
        (await files.changes.list(workspaceId, { refresh: false })).items,
      clock,
    });
    this.shares = new Shares({ store, publisher, previews: this.previews, clock, services: SERVICES });
    const access = new Access({
      tokens: store,
      refs: this.refs,
      serverToken: TOKEN,
      proofKey: PROOF_KEY,
      clock,
    });
    this.#streams = new OpenStreams(clock, access);
    this.http = createHttp({
      access,
      streams: this.#streams,
      diagnose: () => store.inspect(),
      sessions: this.sessions,
      worktrees: files.worktrees,
      changes: files.changes,
      permissions,
      questions,
      turns: this.turns,
      catalog,
      models: { list: () => Promise.resolve({ items: [], keys: { file: "keys.json", missing: [] } }) },
      pool: { list: () => LIVE },
      events: this.events,
      refs: this.refs,
      previews: this.previews,
      shares: this.shares,
      sessionOf: (kind, id) => store.sessionOf(kind, id),
      clock,
      logger,
      version: "0.0.0-test",
      health: () => ({ status: "ok", version: "0.0.0-test" }),
      ...options.http,
    });
    this.#listener = new Listener({
      answer: this.http.answer,
      upgrade: this.http.upgrade,
      allowedHosts: options.names ?? [],
      exposure: "loopback",
      clock,
      logger,
    });
  }

  static async start(options: Options = {}): Promise<ServerUnderTest> {
    const root = await realpath(await mkdtemp(join(tmpdir(), "holdfast-http-")));
    await Promise.all([
      mkdir(join(root, "project")),
      mkdir(join(root, "data", "worktrees"), { recursive: true }),
      mkdir(join(root, "home")),
    ]);
    const store = await openSqliteStore({ directory: join(root, "data"), synchronous: "OFF" });
    const server = new ServerUnderTest(root, store, options);
    Object.assign(server, await server.#listener.listen("127.0.0.1", 0));
    return server;
  }

  /** Ends everything that is open, as a stop does. */
  async close(): Promise<void> {
    this.http.stop();
    this.#streams.closeAll();
    await this.#listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.events.close();
    await this.store.close();
    await rm(this.root, { recursive: true, force: true });
  }

  /** A request with the server's token and a JSON body, unless told otherwise. */
  fetch(path: string, init: RequestInit & { json?: unknown } = {}): Promise<Response> {
    const { json, ...rest } = init;
    const headers = new Headers({ authorization: `Bearer ${TOKEN}` });
    if (json !== undefined) headers.set("content-type", "application/json");
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    const body = json === undefined ? rest.body : JSON.stringify(json);
    return fetch(this.url + path, { ...rest, headers, ...(body === undefined ? {} : { body }) });
  }

  /** The JSON answer; throws when the status is another one. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    json?: unknown,
    status?: number,
  ): Promise<T> {
    const response = await this.fetch(path, { method, ...(json === undefined ? {} : { json }) });
    const text = await response.text();
    if (status === undefined ? !response.ok : response.status !== status)
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async createSession(): Promise<SessionId> {
    const session = await this.call<{ id: SessionId }>("POST", "/api/sessions", { directory: this.project });
    return session.id;
  }

  /** Starts the next queued turn as its claimed owner would. */
  async startTurn(sessionId: SessionId): Promise<StartedTurn> {
    const instanceId = newId("ins");
    await this.store.registerInstance({
      id: instanceId,
      pid: process.pid,
      host: "test",
      startTime: Date.now(),
      isAlone: true,
    });
    const started = await this.store.startTurn({
      sessionId,
      instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: SYSTEM,
      // All sessions of a test share one directory, and turns that nobody ends must not be in each other's way.
      writes: false,
    });
    if (started === undefined) throw new Error("nothing to start");
    return started;
  }

  /** Ends a started turn. */
  async endTurn(
    started: StartedTurn,
    record: Parameters<Store["beginFinalize"]>[0]["record"],
  ): Promise<Turn> {
    const { epoch } = started;
    await this.store.beginFinalize({ turnId: started.turn.id, epoch, record });
    return this.store.finalizeTurn({
      turnId: started.turn.id,
      epoch,
      actor: SYSTEM,
      stepFinishPartId: newId("prt"),
    });
  }
}

/** What works on files, on real git. */
function filesUnderTest(root: string, store: Store, turns: HandDrivenTurns, clock: Clock) {
  const [data, managed, home] = [join(root, "data"), join(root, "data", "worktrees"), join(root, "home")];
  const environment = { PATH: process.env["PATH"] ?? "", HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  const logger = silentLogger;
  const owner = { instanceId: newId("ins"), host: "test" };
  const git = new GitRunner({ clock, logger, environment, temporary: join(data, "tmp") });
  const snapshots = createSnapshots({ git, dataDirectory: data, home });
  const worktrees = createWorktrees({
    store,
    git,
    snapshots,
    clock,
    logger,
    root: managed,
    environment,
    sessions: turns,
    processes: {
      startTime: (pid) => Promise.resolve(pid === process.pid ? "1" : undefined),
      agents: () => Promise.resolve(new Set()),
    },
    owner,
  });
  const changes = createReview({
    store,
    repositories: createRepositories({ store, git, snapshots }),
    watch: createTracker({ store, snapshots, clock, logger, isOn: true }),
    wakeWorkspace: (id) => turns.wakeWorkspace(id),
    owner,
    clock,
    logger,
  });
  return { git, worktrees, changes };
}

/** `names`: hosts beside its own, as a wire before it has. */
type Options = { clock?: Clock; logger?: Logger; http?: Partial<HttpDeps>; names?: readonly string[] };
