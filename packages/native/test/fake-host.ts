/**
 * The server as a test has it: what is said becomes rows at each commit, by the same rows that a subagent has; reads see what is committed alone.
 * `prompt` opens a turn, `steer` puts words into the running one.
 */
import { type Clock, newId, systemClock } from "@holdfast/kernel";
import type { Message, MessageId, Model, Turn } from "@holdfast/protocol";
import type { Host } from "../src/host.ts";
import { Rows } from "../src/subagent/index.ts";
import type {
  AgentQuestion,
  Content,
  HistoryAnswer,
  HistoryParams,
  PermissionAnswer,
  PermissionAsk,
  QuestionAnswer,
  Said,
} from "../src/wire.ts";

type Child = { events: Extract<Said, { type: "child" }>["told"][]; rows: Rows };

export type FakeHostOptions = {
  clock?: Clock;
  agent?: string;
  model?: Model;
  directory?: string;
  /** What a person or a rule says; `once` by default. The signal aborts when the agent does not ask any more. */
  permission?: (ask: PermissionAsk, signal: AbortSignal) => PermissionAnswer | Promise<PermissionAnswer>;
  question?: (ask: AgentQuestion, signal: AbortSignal) => QuestionAnswer | Promise<QuestionAnswer>;
};

export class FakeHost implements Host {
  readonly sessionId = newId("ses");
  /** Everything that was said, in order, with a `commit` where one was asked for. */
  readonly log: (Said | { type: "commit" })[] = [];
  readonly asked: PermissionAsk[] = [];
  readonly questions: AgentQuestion[] = [];
  readonly children = new Map<string, Child>();
  readonly turns: { turn: Turn; rows: Rows }[] = [];
  /** Set: every commit from now on is refused with it. */
  refusal: Error | undefined;
  /** Called after each commit, with the number of it. */
  onCommit: ((number: number) => void) | undefined;
  readonly #options: FakeHostOptions;
  readonly #clock: Clock;
  #uncommitted: Said[] = [];
  #commits = 0;
  #ordinal = 0;

  constructor(options: FakeHostOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** A turn with the user's words begins, with what they let it use; the one before is over. */
  prompt(text: string, tools?: Record<string, boolean>): Turn {
    this.turns.at(-1)?.rows.settle();
    const turnId = newId("trn");
    const rows = this.#rows()(turnId);
    const messageId = rows.ask(text);
    if (tools !== undefined) Object.assign(rows.messages[0]?.info ?? {}, { tools });
    const now = this.#clock.now();
    const turn: Turn = {
      id: turnId,
      sessionId: this.sessionId,
      messageId,
      assistantMessageIds: [],
      agent: this.#options.agent ?? "native:build",
      state: "running",
      attempts: 1,
      actor: { id: "test", kind: "owner", label: "test" },
      usage: {},
      time: { queued: now, started: now },
    };
    this.turns.push({ turn, rows });
    return turn;
  }

  /** What a person says meanwhile stands in the running turn. */
  steer(text: string): MessageId {
    return this.#running().rows.ask(text);
  }

  /** Committed messages of the running turn. */
  get messages(): readonly Message[] {
    return this.#running().rows.messages;
  }

  /** What was said, without commits. */
  get said(): Said[] {
    return this.log.filter((event) => event.type !== "commit");
  }

  say(...events: Said[]): Promise<void> {
    this.log.push(...structuredClone(events));
    this.#uncommitted.push(...structuredClone(events));
    return Promise.resolve();
  }

  commit(): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.log.push({ type: "commit" });
    for (const event of this.#uncommitted.splice(0)) this.#store(event);
    this.#commits += 1;
    this.onCommit?.(this.#commits);
    return Promise.resolve();
  }

  async ask(request: PermissionAsk, signal: AbortSignal): Promise<PermissionAnswer> {
    this.asked.push(request);
    return (await this.#options.permission?.(request, signal)) ?? { action: "once" };
  }

  async askQuestion(question: AgentQuestion, signal: AbortSignal): Promise<QuestionAnswer> {
    this.questions.push(question);
    return (await this.#options.question?.(question, signal)) ?? { action: "cancel" };
  }

  history({ before, limit }: HistoryParams): Promise<HistoryAnswer> {
    const end =
      before === undefined ? this.turns.length : this.turns.findIndex(({ turn }) => turn.id === before);
    const page = this.turns.slice(Math.max(0, end - limit), end).toReversed();
    return Promise.resolve(
      page.map(({ turn, rows }) => structuredClone({ turn, messages: [...rows.messages] })),
    );
  }

  async turn(from?: string): Promise<Message[]> {
    await this.commit();
    const { messages } = this.#running().rows;
    const start =
      from === undefined
        ? 0
        : Math.max(
            0,
            messages.findIndex(({ info }) => info.id === from),
          );
    return structuredClone(messages.slice(start));
  }

  blob(hash: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(
      this.turns.map(({ rows }) => rows.blob(hash)).find((bytes) => bytes !== undefined),
    );
  }

  #running(): { turn: Turn; rows: Rows } {
    const running = this.turns.at(-1);
    if (running === undefined) throw new Error("no turn runs: call prompt first");
    return running;
  }

  #store(event: Said): void {
    if (event.type === "child") return this.#storeChild(event);
    if (event.type === "outputCleared") return this.#clear(event);
    if (event.type === "usage" || event.type === "info" || event.type === "notice") return;
    this.#running().rows.take(event satisfies Content);
  }

  #storeChild({ childId, told }: Extract<Said, { type: "child" }>): void {
    const child = this.children.get(childId) ?? { events: [], rows: this.#rows()(newId("trn")) };
    this.children.set(childId, child);
    child.events.push(told);
    if (told.type === "began") child.rows.ask(told.prompt);
    if (told.type === "said") child.rows.take(told.event);
    if (told.type === "ended") child.rows.settle(told.error);
  }

  #clear({ partId, time }: Extract<Said, { type: "outputCleared" }>): void {
    const part = this.turns
      .flatMap(({ rows }) => rows.messages.flatMap(({ parts }) => parts))
      .find(({ id }) => id === partId);
    if (part?.type === "tool" && part.state.status === "completed") part.state.time.compacted = time;
  }

  #rows() {
    const { agent = "native:build", directory = "/work", model } = this.#options;
    const nextOrdinal = () => (this.#ordinal += 1);
    const ids = { clock: this.#clock, sessionId: this.sessionId, nextOrdinal };
    const place = { ...ids, agent, directory, root: directory, model };
    return (turnId: Turn["id"]) => new Rows({ ...place, turnId });
  }
}
