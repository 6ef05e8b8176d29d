/**
 * One running prompt: what it sends, what it asks, and what it will be remembered as.
 *
 * Invariants: updates leave one after another, each awaited until stdout took it; a tool call that was opened is `completed`
 * or `failed` before the prompt is answered, also after a cancel; nothing waits for a human past the cancel.
 */
import { randomUUID } from "node:crypto";
import { methods } from "@agentclientprotocol/sdk";
import type {
  AgentContext,
  CreateElicitationResponse,
  ElicitationSchema,
  PermissionOption,
  ReadTextFileResponse,
  SessionUpdate,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
} from "@agentclientprotocol/sdk";
import type { SteerAnswer } from "./directives.ts";
import { TurnHistory } from "./history.ts";

/** What the user may answer to a permission request. */
export type Verdict = "allow_once" | "allow_always" | "reject_once";

const PERMISSION_OPTIONS: PermissionOption[] = [
  { optionId: "allow_once", name: "Allow once", kind: "allow_once" },
  { optionId: "allow_always", name: "Always allow in this session", kind: "allow_always" },
  { optionId: "reject_once", name: "Reject", kind: "reject_once" },
];

/** What the client does for the agent: reads and writes files, shows forms and pages to a person. */
export type ClientAbilities = {
  readonly read: boolean;
  readonly write: boolean;
  readonly form: boolean;
  readonly url: boolean;
};

/** What a person is asked; the session is added. */
type Elicitation =
  | { mode: "form"; message: string; requestedSchema: ElicitationSchema }
  | { mode: "url"; message: string; url: string; elicitationId: string };

type ToolFields = Omit<ToolCallUpdate, "toolCallId" | "status">;

/** One running prompt of one session, or what the agent does there by itself. */
export class Turn {
  readonly history = new TurnHistory();
  readonly client: ClientAbilities;
  /** Tries of its model call that failed, as RETRY plays them. */
  failedTries = 0;
  /** What is answered to words that are given into it, as STEER says. */
  steering: { answer: SteerAnswer; text: string } = { answer: "injected", text: "" };
  /** The words that were given into it, obeyed one after another. */
  steered: Promise<void> = Promise.resolve();
  /** Everything was obeyed: nothing more is taken. */
  isOver = false;
  readonly #client: AgentContext;
  readonly #sessionId: string;
  readonly #cancelled: AbortController;
  readonly #openTools = new Map<string, OpenTool>();

  constructor(
    client: AgentContext,
    sessionId: string,
    cancelled: AbortController,
    abilities: ClientAbilities,
  ) {
    this.client = abilities;
    this.#client = client;
    this.#sessionId = sessionId;
    this.#cancelled = cancelled;
  }

  /** One more of the same session, which nobody has cancelled. */
  another(): Turn {
    return new Turn(this.#client, this.#sessionId, new AbortController(), this.client);
  }

  /** Aborts when the turn is cancelled. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Cancels the turn; repeated calls are harmless. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** Sends one update and remembers it; resolves when stdout took it, rejects when the connection is gone. */
  async send(update: SessionUpdate): Promise<void> {
    this.history.record(update);
    await this.tell(update);
  }

  /** Sends one update that is no part of the history. */
  async tell(update: SessionUpdate): Promise<void> {
    await this.#client.notify(methods.client.session.update, { sessionId: this.#sessionId, update });
  }

  /** Tells which background tasks run now, as claude-agent-acp passes on the messages of its SDK. */
  async tellTasks(tasks: readonly string[]): Promise<void> {
    const message = {
      type: "system",
      subtype: "background_tasks_changed",
      tasks: tasks.map((description, at) => ({ task_id: String(at), task_type: "wake", description })),
    };
    await this.#client.notify("_claude/sdkMessage", { sessionId: this.#sessionId, message });
  }

  /** Reads a text file through the client; rejects with the client's refusal, and once the turn is cancelled. */
  async readFile(path: string): Promise<string> {
    const request = { sessionId: this.#sessionId, path };
    const answer = this.#client.request<ReadTextFileResponse>(methods.client.fs.readTextFile, request);
    return (await this.#unlessCancelled(answer)).content;
  }

  /** Writes a text file through the client; rejects as reading does. */
  async writeFile(path: string, content: string): Promise<void> {
    const params = { sessionId: this.#sessionId, path, content };
    await this.#unlessCancelled(this.#client.request(methods.client.fs.writeTextFile, params));
  }

  /** Sends text of the assistant as one chunk. */
  say(text: string): Promise<void> {
    return this.send({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
  }

  /** Opens a tool call in status `pending`. */
  async openTool(call: Omit<ToolCall, "toolCallId" | "status">): Promise<OpenTool> {
    const toolCallId = `call_${randomUUID()}`;
    const tool = new OpenTool(toolCallId, call, async (update) => {
      if (update.status === "completed" || update.status === "failed") this.#openTools.delete(toolCallId);
      await this.send({ sessionUpdate: "tool_call_update", ...update });
    });
    this.#openTools.set(toolCallId, tool);
    await this.send({ sessionUpdate: "tool_call", toolCallId, status: "pending", ...call });
    return tool;
  }

  /** Ends every open tool call as failed; called before a cancelled or failed prompt is answered. */
  async failOpenTools(reason: string): Promise<void> {
    for (const tool of this.#openTools.values()) await tool.fail({ content: [textContent(reason)] });
  }

  /**
   * Asks the user about a tool call and waits for the answer or the cancel, whatever comes first. An error or an unknown
   * option is a rejection; the outcome `cancelled` cancels the turn.
   */
  async requestPermission(tool: OpenTool): Promise<Verdict> {
    const answer = this.#client
      .request(methods.client.session.requestPermission, {
        sessionId: this.#sessionId,
        toolCall: { toolCallId: tool.toolCallId, status: "pending", ...tool.call },
        options: PERMISSION_OPTIONS,
      })
      .then(({ outcome }) => (outcome.outcome === "selected" ? outcome.optionId : "cancelled"))
      .catch(() => "reject_once");
    const chosen = await Promise.race([answer, this.cancelled()]);
    if (chosen === "cancelled") this.cancel();
    this.signal.throwIfAborted();
    return PERMISSION_OPTIONS.find((option) => option.optionId === chosen)
      ? (chosen as Verdict)
      : "reject_once";
  }

  /** The client may wait for a person before it answers. */
  async #unlessCancelled<T>(answer: Promise<T>): Promise<T> {
    answer.catch(() => {});
    const settled = await Promise.race([answer.then((value) => ({ value })), this.cancelled()]);
    this.signal.throwIfAborted();
    if (settled === "cancelled") throw new Error("the turn was cancelled");
    return settled.value;
  }

  /**
   * Asks the person something; answers what came of it in words, and never waits past the cancel. `isDone`: it says at once that nobody needs to visit
   * the page any more.
   */
  async elicit(asked: Elicitation, isDone = false): Promise<string> {
    if (!this.client[asked.mode]) return "This client shows nobody a question.";
    const { create, complete } = methods.client.elicitation;
    const request = { sessionId: this.#sessionId, ...asked };
    const asking = this.#client.request<CreateElicitationResponse>(create, request);
    if (isDone && asked.mode === "url")
      await this.#client.notify(complete, { elicitationId: asked.elicitationId });
    const answer = await this.#unlessCancelled(asking);
    if (answer.action !== "accept") return `Answered ${answer.action}.`;
    return `Answered accept: ${JSON.stringify(answer["content"] ?? {})}`;
  }

  /** Resolves with `cancelled` when the turn is cancelled; never otherwise. */
  cancelled(): Promise<"cancelled"> {
    if (this.signal.aborted) return Promise.resolve("cancelled");
    return new Promise((resolve) => {
      this.signal.addEventListener("abort", () => resolve("cancelled"), { once: true });
    });
  }
}

/** A tool call that was announced and has not ended. */
export class OpenTool {
  readonly toolCallId: string;
  readonly call: Omit<ToolCall, "toolCallId" | "status">;
  readonly #update: (update: ToolCallUpdate) => Promise<void>;

  constructor(
    toolCallId: string,
    call: Omit<ToolCall, "toolCallId" | "status">,
    update: (update: ToolCallUpdate) => Promise<void>,
  ) {
    this.toolCallId = toolCallId;
    this.call = call;
    this.#update = update;
  }

  /** Reports that the tool runs, or how far it is. */
  progress(fields: ToolFields = {}): Promise<void> {
    return this.#update({ toolCallId: this.toolCallId, status: "in_progress", ...fields });
  }

  /** Ends the tool call well. */
  complete(fields: ToolFields = {}): Promise<void> {
    return this.#update({ toolCallId: this.toolCallId, status: "completed", ...fields });
  }

  /** Ends the tool call as failed. */
  fail(fields: ToolFields = {}): Promise<void> {
    return this.#update({ toolCallId: this.toolCallId, status: "failed", ...fields });
  }
}

/** Text as the content of a tool call. */
export function textContent(text: string): ToolCallContent {
  return { type: "content", content: { type: "text", text } };
}
