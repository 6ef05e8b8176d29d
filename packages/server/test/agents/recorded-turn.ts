import { newId } from "@holdfast/kernel";
import type { Message, QuestionAnswer } from "@holdfast/protocol";
import type {
  AgentEvent,
  AgentQuestion,
  ChildEvent,
  PermissionAsk,
  TurnSink,
  WordedAnswer,
} from "../../src/agents/index.ts";

/** A turn sink that keeps what it is given, in order. */
export class RecordedTurn implements TurnSink {
  readonly turnId = newId("trn", 0);
  readonly events: AgentEvent[] = [];
  readonly children: ChildEvent[] = [];
  /** What is read of the turn. */
  messages: Message[] = [];
  readonly asks: PermissionAsk[] = [];
  /** How a permission request is answered. */
  answer: (request: PermissionAsk, withdrawn?: AbortSignal) => WordedAnswer | Promise<WordedAnswer> = () =>
    "once";
  readonly questions: AgentQuestion[] = [];
  /** How a question is answered. */
  tell: (question: AgentQuestion, withdrawn: AbortSignal) => QuestionAnswer | Promise<QuestionAnswer> =
    () => ({
      action: "decline",
    });
  /** What updates wait for. */
  gate: Promise<void> | undefined;

  emit(event: AgentEvent | ChildEvent): void {
    if (event.type === "child") this.children.push(event);
    else this.events.push(event);
  }

  async ask(request: PermissionAsk, withdrawn?: AbortSignal): Promise<WordedAnswer> {
    this.asks.push(request);
    return this.answer(request, withdrawn);
  }

  async askQuestion(question: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer> {
    this.questions.push(question);
    return this.tell(question, withdrawn);
  }

  drained(): Promise<void> | undefined {
    return this.gate;
  }

  async committed(): Promise<void> {
    await this.gate;
  }

  async stored(from?: string): Promise<Message[]> {
    return this.messages.slice(
      Math.max(
        0,
        this.messages.findIndex(({ info }) => info.id === from),
      ),
    );
  }

  /** All text of the assistant. */
  get text(): string {
    return this.events.map((event) => (event.type === "text" ? event.text : "")).join("");
  }

  notes(type: "notice" | "raw" | "late", kind?: string): AgentEvent[] {
    return this.events.filter((event) => event.type === type && (kind === undefined || event.kind === kind));
  }
}
