import type { ContentBlock, SessionUpdate, ToolCallContent, ToolCallUpdate } from "@agentclientprotocol/sdk";

/** Longest text of one tool call that the agent remembers, in UTF-16 code units; the live update carried all of it. */
export const MAX_REMEMBERED_TEXT = 64 * 1024;

/** Largest attachment of a prompt that the agent remembers, in characters of its JSON. */
export const MAX_REMEMBERED_ATTACHMENT = 64 * 1024;

/**
 * What `session/load` replays of one turn: chunks joined, each tool call once in its last state, the last plan; state kinds
 * (commands, mode, usage, titles) are not history.
 */
export class TurnHistory {
  readonly #updates: SessionUpdate[] = [];
  #spoken = 0;

  /** The updates to replay, in order. */
  get updates(): readonly SessionUpdate[] {
    return this.#updates;
  }

  /** Characters of the prompt and of the agent's text so far, the base of the usage gauge. */
  get characters(): number {
    return this.#spoken;
  }

  /** Records the user's prompt, one chunk per content block; large attachments are left out. */
  recordPrompt(prompt: readonly ContentBlock[]): void {
    for (const content of prompt) {
      if (content.type === "text") this.#spoken += content.text.length;
      else if (JSON.stringify(content).length > MAX_REMEMBERED_ATTACHMENT) continue;
      this.#updates.push({ sessionUpdate: "user_message_chunk", content });
    }
  }

  /** Records one update that was sent to the client. */
  record(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk":
        if (update.content.type === "text") this.#recordText(update.sessionUpdate, update.content.text);
        break;
      case "tool_call":
        this.#updates.push(shortened(update));
        break;
      case "tool_call_update":
        this.#mergeTool(update);
        break;
      case "plan":
        this.#replacePlan(update);
        break;
      default:
        break;
    }
  }

  #recordText(kind: "agent_message_chunk" | "agent_thought_chunk", text: string): void {
    this.#spoken += text.length;
    const last = this.#updates.at(-1);
    const before =
      last?.sessionUpdate === kind && last.content.type === "text" ? last.content.text : undefined;
    const joined: SessionUpdate = {
      sessionUpdate: kind,
      content: { type: "text", text: (before ?? "") + text },
    };
    if (before === undefined) this.#updates.push(joined);
    else this.#updates[this.#updates.length - 1] = joined;
  }

  #mergeTool(update: ToolCallUpdate & { sessionUpdate: "tool_call_update" }): void {
    const index = this.#updates.findIndex(
      (known) => known.sessionUpdate === "tool_call" && known.toolCallId === update.toolCallId,
    );
    const known = this.#updates[index];
    if (!known) return;
    this.#updates[index] = { ...known, ...shortened(update), sessionUpdate: "tool_call" } as SessionUpdate;
  }

  #replacePlan(update: SessionUpdate): void {
    const index = this.#updates.findIndex((known) => known.sessionUpdate === "plan");
    if (index === -1) this.#updates.push(update);
    else this.#updates[index] = update;
  }
}

function shortened<T extends { content?: ToolCallContent[] | null }>(update: T): T {
  return update.content ? { ...update, content: update.content.map(shortenedContent) } : update;
}

function shortenedContent(content: ToolCallContent): ToolCallContent {
  if (
    content.type === "content" &&
    content.content.type === "text" &&
    content.content.text.length > MAX_REMEMBERED_TEXT
  ) {
    return {
      ...content,
      content: { type: "text", text: content.content.text.slice(0, MAX_REMEMBERED_TEXT) },
    };
  }
  return content;
}
