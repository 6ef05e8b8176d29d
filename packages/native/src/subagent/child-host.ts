/** The server, as a subagent knows it: what it does is told as a child's, and its rows are kept here. */
import type { Message, Turn, Usage } from "@holdfast/protocol";
import type { Host } from "../host.ts";
import type {
  AgentQuestion,
  HistoryAnswer,
  HistoryParams,
  PermissionAnswer,
  PermissionAsk,
  QuestionAnswer,
  Said,
} from "../wire.ts";
import type { Rows } from "./rows.ts";

type ChildPlace = { parent: Host; childId: string; callId: string; turn: Turn; rows: Rows };

export class ChildHost implements Host {
  readonly #place: ChildPlace;
  usage: Usage | undefined;

  constructor(place: ChildPlace) {
    this.#place = place;
  }

  async say(...events: Said[]): Promise<void> {
    const { parent, childId, rows } = this.#place;
    const told: Said[] = [];
    for (const event of events) {
      if (event.type === "usage") this.usage = event.usage;
      if (isOfSession(event)) continue;
      rows.take(event);
      told.push({ type: "child", childId, told: { type: "said", event } });
    }
    if (told.length > 0) await parent.say(...told);
  }

  commit(): Promise<void> {
    return this.#place.parent.commit();
  }

  /** The call that asks is that of the parent, which stands for all that is done here. */
  ask(request: PermissionAsk, signal: AbortSignal): Promise<PermissionAnswer> {
    const { parent, callId } = this.#place;
    return parent.ask({ ...request, callId }, signal);
  }

  askQuestion(question: AgentQuestion, signal: AbortSignal): Promise<QuestionAnswer> {
    const { parent, callId } = this.#place;
    return parent.askQuestion({ ...question, callId }, signal);
  }

  history({ before }: HistoryParams): Promise<HistoryAnswer> {
    const { turn, rows } = this.#place;
    return Promise.resolve(
      before === undefined ? [{ turn, messages: structuredClone([...rows.messages]) }] : [],
    );
  }

  async turn(from?: string): Promise<Message[]> {
    await this.commit();
    const { messages } = this.#place.rows;
    const start = from === undefined ? 0 : messages.findIndex(({ info }) => info.id === from);
    return structuredClone(messages.slice(Math.max(0, start)));
  }

  blob(hash: string): Promise<Uint8Array | undefined> {
    const { parent, rows } = this.#place;
    const own = rows.blob(hash);
    return own === undefined ? parent.blob(hash) : Promise.resolve(own);
  }
}

type OfSession = Extract<Said, { type: "child" | "usage" | "info" | "outputCleared" | "notice" }>;

const OF_SESSION: ReadonlySet<string> = new Set<OfSession["type"]>([
  "child",
  "usage",
  "info",
  "outputCleared",
  "notice",
]);

const isOfSession = (event: Said): event is OfSession => OF_SESSION.has(event.type);
