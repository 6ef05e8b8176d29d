import { newId } from "@holdfast/kernel";
import type {
  Actor,
  Input,
  InstanceId,
  Message,
  MessageId,
  Part,
  PartId,
  Permission,
  Question,
  Session,
  SessionId,
  TextPart,
  ToolPart,
  ToolState,
  Turn,
} from "@holdfast/protocol";
import type {
  AdmitInputCommand,
  AdmittedRows,
  Applied,
  CommittedEvent,
  CreateSessionCommand,
  IdempotencyKey,
  ProgressOp,
  StartedTurn,
  Store,
  TerminalRecord,
} from "../../src/store/index.ts";
import type { Engine, OpenEngine } from "./engine.ts";

export const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };
export const SYSTEM: Actor = { id: "system:test", kind: "system", label: "Test" };
export const COMPLETED: TerminalRecord = { state: "completed", finish: "stop" };

/** A turn that an input asked for. */
export type AskedTurn = StartedTurn & { input: Input };

/** A store of one engine with short words for what the cases need, and every event it has told of. */
export class StoreRig {
  readonly instanceId: InstanceId = newId("ins");
  readonly events: CommittedEvent[] = [];
  /** Sessions made since `forget`. */
  readonly sessions = new Set<SessionId>();
  readonly #engine: Engine;
  store: Store;

  private constructor(engine: Engine) {
    this.#engine = engine;
    this.store = engine.store;
  }

  static async open(open: OpenEngine): Promise<StoreRig> {
    const rig = new StoreRig(await open());
    rig.#listen();
    await rig.store.registerInstance({
      id: rig.instanceId,
      pid: 1,
      host: "test",
      startTime: 1,
      isAlone: true,
    });
    return rig;
  }

  #listen(): void {
    this.store.onCommit((events) => this.events.push(...events));
  }

  async reopen(): Promise<void> {
    this.store = await this.#engine.reopen();
    this.#listen();
  }

  /** Another server's instance; this one's is over then. */
  async successor(): Promise<InstanceId> {
    const id = newId("ins");
    await this.store.registerInstance({ id, pid: 2, host: "test", startTime: 2, isAlone: true });
    return id;
  }

  /** Gives a session's claim to the instance. */
  async takeOver(sessionId: SessionId, instanceId: InstanceId): Promise<number> {
    const epoch = await this.store.takeOver({ sessionId, instanceId });
    if (epoch === undefined) throw new Error(`the owner of ${sessionId} lives`);
    return epoch;
  }

  /** Makes everything older; the sessions made so far can no longer be held against what was said of them then. */
  age(ms: number): Promise<void> {
    this.sessions.clear();
    return this.#engine.age(ms);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** What live subscribers of a session heard, in commit order. */
  heard(sessionId: SessionId, after = 0): CommittedEvent[] {
    return this.events.filter((event) => event.sessionId === sessionId && (event.seq ?? 0) > after);
  }

  create(overrides: Partial<CreateSessionCommand> = {}): Promise<Applied<Session>> {
    const sessionId = overrides.sessionId ?? newId("ses");
    this.sessions.add(sessionId);
    return this.store.createSession({
      actor: OWNER,
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: `/projects/${sessionId}`,
      title: "A session",
      agent: "rehearsal",
      approvalMode: "ask",
      resumePolicy: "manual",
      ...overrides,
      sessionId,
    });
  }

  async session(overrides: Partial<CreateSessionCommand> = {}): Promise<SessionId> {
    return (await this.create(overrides)).value.id;
  }

  /** The command that admits one text. */
  admission(
    sessionId: SessionId,
    text = "Do it.",
    overrides: Partial<AdmitInputCommand> = {},
  ): AdmitInputCommand {
    const messageId = overrides.messageId ?? newId("msg");
    return {
      actor: OWNER,
      sessionId,
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId,
      parts: [textPart({ sessionId, messageId }, text)],
      requestedDelivery: "queue",
      delivery: "queue",
      agent: "rehearsal",
      ...overrides,
    };
  }

  async admit(
    sessionId: SessionId,
    text?: string,
    overrides?: Partial<AdmitInputCommand>,
  ): Promise<AdmittedRows> {
    return (await this.store.admitInput(this.admission(sessionId, text, overrides))).value;
  }

  tryStart(sessionId: SessionId, past: readonly string[] = []): Promise<StartedTurn | undefined> {
    return this.store.startTurn({
      sessionId,
      past,
      instanceId: this.instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: SYSTEM,
    });
  }

  /** Starts the next queued turn. */
  async start(sessionId: SessionId, past?: readonly string[]): Promise<AskedTurn> {
    const started = await this.tryStart(sessionId, past);
    if (started?.input === undefined) throw new Error(`Nothing to start in ${sessionId}.`);
    return { ...started, input: started.input };
  }

  /** A new session with a running turn. */
  async running(overrides: Partial<CreateSessionCommand> = {}): Promise<AskedTurn> {
    const sessionId = await this.session(overrides);
    await this.admit(sessionId);
    return this.start(sessionId);
  }

  append(run: StartedTurn, ...ops: ProgressOp[]): Promise<number> {
    return this.store.appendProgress({
      sessionId: run.session.id,
      turnId: run.turn.id,
      epoch: run.epoch,
      ops,
    });
  }

  async part<P extends Part>(run: StartedTurn, part: P): Promise<P> {
    await this.append(run, { op: "part", part });
    return part;
  }

  begin(run: StartedTurn, record: TerminalRecord = COMPLETED): Promise<TerminalRecord> {
    return this.store.beginFinalize({ turnId: run.turn.id, epoch: run.epoch, record });
  }

  finalize(run: StartedTurn): Promise<Turn> {
    return this.store.finalizeTurn({
      turnId: run.turn.id,
      epoch: run.epoch,
      actor: SYSTEM,
      stepFinishPartId: newId("prt"),
    });
  }

  async finish(run: StartedTurn, record?: TerminalRecord): Promise<Turn> {
    await this.begin(run, record);
    return this.finalize(run);
  }

  /** A whole turn: one text asked, one answered. */
  async exchange(sessionId: SessionId, answer = "Done.", record?: TerminalRecord): Promise<Turn> {
    await this.admit(sessionId);
    const run = await this.start(sessionId);
    await this.part(run, textPart(placeOf(run), answer, { start: 1, end: 2 }));
    return this.finish(run, record);
  }

  async turn(run: StartedTurn): Promise<Turn> {
    const turn = await this.store.getTurn(run.turn.id);
    if (turn === undefined) throw new Error(`Turn ${run.turn.id} is gone.`);
    return turn;
  }

  async readSession(id: SessionId): Promise<Session> {
    const session = await this.store.getSession(id);
    if (session === undefined) throw new Error(`Session ${id} is gone.`);
    return session;
  }

  /** The whole history, oldest first. */
  async history(sessionId: SessionId): Promise<Message[]> {
    const messages: Message[] = [];
    for await (const message of this.store.streamMessages(sessionId)) messages.unshift(message);
    return messages;
  }

  ask(run: StartedTurn, overrides: Partial<Permission> = {}): Promise<Permission> {
    return this.store.askPermission({
      sessionId: run.session.id,
      epoch: run.epoch,
      permission: {
        id: newId("per"),
        sessionId: run.session.id,
        turnId: run.turn.id,
        agent: "rehearsal",
        tool: "shell",
        title: "Run a command",
        kind: "execute",
        args: { command: "ls" },
        patterns: ["ls"],
        state: "pending",
        time: { asked: 1 },
        ...overrides,
      },
    });
  }

  question(run: StartedTurn, overrides: Partial<Question> = {}): Promise<Question> {
    return this.store.askQuestion({
      sessionId: run.session.id,
      epoch: run.epoch,
      question: {
        id: newId("qst"),
        sessionId: run.session.id,
        turnId: run.turn.id,
        agent: "rehearsal",
        message: "Which port?",
        fields: [{ name: "port", type: "number", required: true }],
        state: "pending",
        time: { asked: 1 },
        ...overrides,
      },
    });
  }
}

export type PartKey = { sessionId: SessionId; messageId: MessageId };

/** Where the answer of a started turn stands. */
export const placeOf = (run: StartedTurn): PartKey => ({
  sessionId: run.session.id,
  messageId: run.assistantMessageId,
});

/** What begins the next step of a turn, and where its answer will stand. */
export function stepOp(run: StartedTurn): { op: Extract<ProgressOp, { op: "step" }>; place: PartKey } {
  const messageId = newId("msg");
  const next = { messageId, parentId: run.message.info.id, startPartId: newId("prt") };
  return {
    op: { op: "step", finishPartId: newId("prt"), next, tries: 0 },
    place: { ...placeOf(run), messageId },
  };
}

/** A text part; with a start and no end it is streaming. */
export function textPart(place: PartKey, text: string, time?: TextPart["time"]): TextPart {
  const part: TextPart = { id: newId("prt"), ...place, type: "text", text };
  return time === undefined ? part : { ...part, time };
}

export function toolPart(place: PartKey, state: ToolState, id: PartId = newId("prt")): ToolPart {
  return { id, ...place, type: "tool", callId: `call ${id}`, tool: "shell", state };
}

export const delta = (
  part: Part,
  offset: number,
  text: string,
  field: "text" | "raw" | "output" = "text",
): Extract<ProgressOp, { op: "delta" }> => ({
  op: "delta",
  partId: part.id,
  messageId: part.messageId,
  field,
  offset,
  text,
});

/** A key as a client's repeated request carries it. */
export const keyed = (key: string, bodyHash = "a".repeat(64), route = "/api/test"): IdempotencyKey => ({
  actorId: OWNER.id,
  method: "POST",
  route,
  key,
  bodyHash,
});
