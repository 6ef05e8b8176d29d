/** Rows of a session as the server stores them, made by hand for tests of what reads them. */
import type {
  AssistantMessage,
  FilePart,
  Message,
  Part,
  PartOf,
  TextPart,
  ToolPart,
  ToolState,
  UserMessage,
} from "@holdfast/protocol";

type Ids = Pick<Message["info"], "id" | "sessionId" | "turnId">;
/** A part without its place in the session. */
export type Loose = Part extends infer P
  ? P extends Part
    ? Omit<P, "id" | "sessionId" | "messageId">
    : never
  : never;

const SESSION = "ses_1";
const MODEL = { providerId: "anthropic", modelId: "claude-x" };

/** Messages in their order: ordinals, ids and parts' ids are given in turn. */
export class Rows {
  readonly messages: Message[] = [];
  #turn = 0;
  #parts = 0;

  get newestFirst(): Message[] {
    return this.messages.toReversed();
  }

  /** A user message of a turn of its own; a string is its one text. */
  user(parts: string | Loose[], over: Partial<UserMessage> = {}): Message {
    this.#turn += 1;
    const info: UserMessage = {
      ...this.#ids(),
      role: "user",
      agent: "native:build",
      time: { created: 1 },
      ...over,
    };
    return this.#add(info, typeof parts === "string" ? [text(parts)] : parts);
  }

  answer(parts: string | Loose[], over: Partial<AssistantMessage> = {}): Message {
    const parent = this.messages.findLast(({ info }) => info.role === "user");
    const info: AssistantMessage = {
      ...this.#ids(),
      role: "assistant",
      agent: "native:build",
      parentId: (parent?.info.id ?? "msg_0") as AssistantMessage["id"],
      model: MODEL,
      time: { created: 1, completed: 2 },
      path: { cwd: "/w", root: "/w" },
      finish: "stop",
      ...over,
    };
    const said = typeof parts === "string" ? [text(parts)] : parts;
    return this.#add(info, [{ type: "step-start" }, ...said]);
  }

  /** A summary of this agent's own. */
  summary(
    words: string,
    compaction: Partial<PartOf<"compaction">> = {},
    over: Partial<AssistantMessage> = {},
  ): Message {
    const parts: Loose[] = [
      { type: "compaction", auto: true, ...compaction },
      { ...text(words), synthetic: true },
    ];
    return this.answer(parts, { summary: true, ...over });
  }

  #ids(): Ids & { ordinal: number } {
    const number = this.messages.length + 1;
    return {
      id: `msg_${number}` as Ids["id"],
      sessionId: SESSION as Ids["sessionId"],
      turnId: `trn_${this.#turn}` as Ids["turnId"],
      ordinal: number,
    };
  }

  #add(info: Message["info"], parts: Loose[]): Message {
    const placed = parts.map((part, ordinal) => {
      this.#parts += 1;
      const id = `prt_${this.#parts}` as Part["id"];
      return { id, sessionId: info.sessionId, messageId: info.id, ordinal, ...part };
    });
    const message = { info, parts: placed };
    this.messages.push(message);
    return message;
  }
}

export const text = (
  words: string,
  over: Partial<TextPart> = {},
): Omit<TextPart, "id" | "sessionId" | "messageId"> => ({
  type: "text",
  text: words,
  ...over,
});

/** A text that the server wrote in front of the user's words. */
export const preamble = (mark: string, words: string): Loose =>
  text(words, { synthetic: true, time: { start: 1, end: 1 }, metadata: { holdfast: mark } });

export const reasoning = (words: string, metadata?: Record<string, unknown>): Loose => ({
  type: "reasoning",
  text: words,
  time: { start: 1, end: 2 },
  ...(metadata === undefined ? {} : { metadata }),
});

export const file = (mime: string, url: string, over: Partial<FilePart> = {}): Loose => ({
  type: "file",
  mime,
  url,
  ...over,
});

type Called = Partial<Pick<ToolPart, "tool" | "metadata">>;

export const call = (callId: string, state: ToolState, over: Called = {}): Loose => ({
  type: "tool",
  callId,
  tool: "bash",
  state,
  ...over,
});

export const completed = (
  output: string,
  over: Partial<Extract<ToolState, { status: "completed" }>> = {},
): ToolState => ({
  status: "completed",
  input: { command: "ls" },
  raw: "",
  output,
  title: "ls",
  metadata: {},
  time: { start: 1, end: 2 },
  ...over,
});

export const failed = (
  error: string,
  over: Partial<Extract<ToolState, { status: "error" }>> = {},
): ToolState => ({
  status: "error",
  input: { command: "ls" },
  raw: "",
  error,
  time: { start: 1, end: 2 },
  ...over,
});

export const running: ToolState = {
  status: "running",
  input: { command: "ls" },
  raw: "",
  time: { start: 1 },
};

export const pending: ToolState = { status: "pending", input: {}, raw: '{"comm' };
