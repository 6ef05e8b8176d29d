import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, type Logger, newId, systemClock } from "@holdfast/kernel";
import type {
  Actor,
  McpServers,
  Message,
  Model,
  OutputFormat,
  Part,
  PartOf,
  Permission,
  Question,
  ResumePolicy,
  Session,
  SessionId,
  Turn,
  TurnId,
} from "@holdfast/protocol";
import { createJsonSchemas } from "../../src/json-schema/index.ts";
import {
  createPermissions,
  createQuestions,
  type Permissions,
  type Questions,
} from "../../src/permission/index.ts";
import type { CommittedEvent, Store } from "../../src/store/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { createTurns, DEFAULT_TURN_SETTINGS, type Turns, type TurnWatch } from "../../src/turn/index.ts";
import { type Death, MortalStore } from "./mortal-store.ts";
import { ScriptedAgent } from "./scripted-agent.ts";
import { until } from "./until.ts";

export const OWNER: Actor = { id: "owner", kind: "owner", label: "owner" };

type StartOptions = {
  /** May stand between the room and its store. */
  wrap?: (store: Store) => Store;
  /** When the room's process dies by itself. */
  death?: Death;
  /** Looks after the files of its turns. */
  watch?: TurnWatch;
};

/** What an input asks for beside its text. */
type Asked = {
  permissionTimeoutMs?: number;
  agent?: string;
  ignored?: boolean;
  /** It is to go into the turn that runs. */
  steer?: boolean;
  model?: Model;
  format?: OutputFormat;
  /** Before its text; without one when that is empty. */
  subtasks?: Subtask[];
};

export type Subtask = Omit<PartOf<"subtask">, "id" | "sessionId" | "messageId" | "type">;

/** A data directory with one open store, and the servers' rooms that live on it, one after another or beside each other. */
export class DataDirectory {
  readonly path = mkdtempSync(join(tmpdir(), "holdfast-turn-"));
  #engine: Store | undefined;

  /** Starts a server's turn room: what was there before `crash` or goes on, as the test says. */
  async start(options: StartOptions = {}): Promise<Room> {
    this.#engine ??= await openSqliteStore({ directory: this.path });
    const mortal = new MortalStore(this.#engine, options.death);
    const room = new Room(mortal, options.wrap?.(mortal.store) ?? mortal.store, options.watch);
    await room.register();
    return room;
  }

  async remove(): Promise<void> {
    await this.#engine?.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The room under test with real rows, time by hand and scripted agents. */
export class Room {
  readonly clock = new FakeClock();
  readonly instanceId = newId("ins");
  readonly events: CommittedEvent[] = [];
  readonly logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly turns: Turns;
  readonly permissions: Permissions;
  readonly questions: Questions;
  readonly store: Store;
  readonly agent = new ScriptedAgent();
  reaps = 0;
  /** Runs while the dead server's agents are being ended. */
  whileReaping: () => Promise<void> = () => Promise.resolve();
  autoAnswer: (kind: string) => "once" | "reject" | undefined = () => undefined;
  takesWords = false;
  mayWrite: (agent: string, mode: Session["approvalMode"]) => boolean = () => true;
  readonly #mortal: MortalStore;

  constructor(mortal: MortalStore, store: Store, watch?: TurnWatch) {
    this.#mortal = mortal;
    this.store = store;
    const { agent, clock, instanceId } = this;
    const logger = this.#logger();
    const asking = { store, clock, settings: { timeoutMs: 60_000 } };
    this.permissions = createPermissions({
      ...asking,
      autoAnswer: (_mode, { kind }) => this.autoAnswer(kind),
      takesWords: () => this.takesWords,
    });
    this.questions = createQuestions(asking);
    const reap = () => {
      this.reaps += 1;
      return this.whileReaping();
    };
    const settings = { ...DEFAULT_TURN_SETTINGS };
    this.turns = createTurns({
      store,
      pool: agent,
      permissions: this.permissions,
      questions: this.questions,
      schemas: createJsonSchemas(systemClock),
      reap,
      mayWrite: (agent, mode) => this.mayWrite(agent, mode),
      ...(watch === undefined ? {} : { watch }),
      clock,
      logger,
      instanceId,
      settings,
    });
    store.onCommit((events) => this.events.push(...events));
  }

  async register(): Promise<void> {
    await this.store.registerInstance({
      id: this.instanceId,
      pid: process.pid,
      host: "test",
      startTime: this.clock.now(),
      isAlone: true,
    });
  }

  async createSession(
    more: {
      resumePolicy?: ResumePolicy;
      title?: string;
      approvalMode?: Session["approvalMode"];
      /** Its own by default, so that it waits for nobody. */
      directory?: string;
      parentId?: SessionId;
      mcpServers?: McpServers;
    } = {},
  ): Promise<SessionId> {
    const sessionId = newId("ses");
    const { value } = await this.store.createSession({
      actor: OWNER,
      sessionId,
      parentId: more.parentId,
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: more.directory ?? `/project/${sessionId}`,
      title: more.title ?? "New session - 2026-09-01T00:00:00.000Z",
      agent: "rehearsal",
      approvalMode: more.approvalMode ?? "ask",
      resumePolicy: more.resumePolicy ?? "manual",
      mcpServers: more.mcpServers,
    });
    return value.id;
  }

  /** Admits a text without waking anybody. */
  async admit(sessionId: SessionId, text: string, more: Asked = {}): Promise<TurnId> {
    const messageId = newId("msg");
    const at = () => ({ id: newId("prt"), sessionId, messageId });
    const words = { type: "text" as const, text, ...(more.ignored === true ? { ignored: true } : {}) };
    const parts: Part[] = (more.subtasks ?? []).map((each) => ({ ...at(), type: "subtask", ...each }));
    if (text !== "" || parts.length === 0) parts.push({ ...at(), ...words });
    const { value } = await this.store.admitInput({
      actor: OWNER,
      sessionId,
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId,
      parts,
      requestedDelivery: more.steer === true ? "steer" : "queue",
      delivery: more.steer === true ? "steer" : "queue",
      agent: more.agent ?? "rehearsal",
      model: more.model,
      format: more.format,
      permissionTimeoutMs: more.permissionTimeoutMs,
    });
    return value.turn.id;
  }

  /** Admits a text and lets it start. */
  async say(sessionId: SessionId, text: string, more: Asked = {}): Promise<TurnId> {
    const turnId = await this.admit(sessionId, text, more);
    this.turns.wake(sessionId);
    return turnId;
  }

  /** The turn once it is terminal. */
  async ended(turnId: TurnId): Promise<Turn> {
    const turn = await this.turns.finished(turnId, 3_600_000_000);
    if (turn === undefined) throw new Error(`Turn ${turnId} did not end.`);
    return turn;
  }

  async answer(turnId: TurnId): Promise<Message> {
    const messages = await this.store.messagesOfTurn(turnId);
    const answer = messages.find(({ info }) => info.role === "assistant");
    if (answer === undefined) throw new Error(`Turn ${turnId} has no answer.`);
    return answer;
  }

  /** The text of a turn's answer. */
  async text(turnId: TurnId): Promise<string> {
    const { parts } = await this.answer(turnId);
    return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("|");
  }

  async turn(turnId: TurnId): Promise<Turn> {
    const turn = await this.store.getTurn(turnId);
    if (turn === undefined) throw new Error(`There is no turn ${turnId}.`);
    return turn;
  }

  async session(sessionId: SessionId): Promise<Session> {
    const session = await this.store.getSession(sessionId);
    if (session === undefined) throw new Error(`There is no session ${sessionId}.`);
    return session;
  }

  /** The oldest request that waits for an answer, once there is one. */
  pending(): Promise<Permission> {
    return this.#asked(() => this.store.listPermissions({ state: "pending" }));
  }

  /** The same of questions. */
  pendingQuestion(): Promise<Question> {
    return this.#asked(() => this.store.listQuestions({ state: "pending" }));
  }

  async #asked<T>(list: () => Promise<T[]>): Promise<T> {
    let found: T | undefined;
    await this.until(async () => (found = (await list())[0]) !== undefined, true);
    if (found === undefined) throw new Error("Nothing is asked.");
    return found;
  }

  /** Waits until a condition on the rows holds. */
  until<T>(look: () => Promise<T> | T, expected: unknown): Promise<void> {
    return until(look, expected);
  }

  /** Types of the events of one turn, in order. */
  turnEvents(turnId: TurnId): string[] {
    return this.events.filter((event) => event.turnId === turnId).map((event) => event.type);
  }

  get dead(): boolean {
    return this.#mortal.dead;
  }

  /** How often the store answered this command or query. */
  answered(name: keyof Store): number {
    return this.#mortal.answered(name);
  }

  /** The process dies: nothing of it is written any more. */
  crash(): void {
    this.#mortal.kill();
  }

  #logger(): Logger {
    const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
      void this.logs.push({ level, message, fields });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}
