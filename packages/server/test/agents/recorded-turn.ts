import type { QuestionAnswer } from "@holdfast/protocol";
import type {
  AgentEvent,
  AgentQuestion,
  PermissionAnswer,
  PermissionAsk,
  TurnSink,
} from "../../src/agents/index.ts";

/** A turn sink that keeps what it is given, in order. */
export class RecordedTurn implements TurnSink {
  readonly events: AgentEvent[] = [];
  readonly asks: PermissionAsk[] = [];
  /** How a permission request is answered. */
  answer: (request: PermissionAsk) => PermissionAnswer | Promise<PermissionAnswer> = () => "once";
  readonly questions: AgentQuestion[] = [];
  /** How a question is answered. */
  tell: (question: AgentQuestion, withdrawn: AbortSignal) => QuestionAnswer | Promise<QuestionAnswer> =
    () => ({
      action: "decline",
    });
  /** What updates wait for. */
  gate: Promise<void> | undefined;

  emit(event: AgentEvent): void {
    this.events.push(event);
  }

  async ask(request: PermissionAsk): Promise<PermissionAnswer> {
    this.asks.push(request);
    return this.answer(request);
  }

  async askQuestion(question: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer> {
    this.questions.push(question);
    return this.tell(question, withdrawn);
  }

  drained(): Promise<void> | undefined {
    return this.gate;
  }

  /** All text of the assistant. */
  get text(): string {
    return this.events.map((event) => (event.type === "text" ? event.text : "")).join("");
  }

  notes(type: "notice" | "raw" | "late", kind?: string): AgentEvent[] {
    return this.events.filter((event) => event.type === type && (kind === undefined || event.kind === kind));
  }
}
