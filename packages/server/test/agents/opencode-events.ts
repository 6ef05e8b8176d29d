import type { FakeEvent } from "./fake-opencode.ts";

/** Builds the events of one session in the shapes of the real program. */
export class SessionEvents {
  readonly sessionID: string;

  constructor(sessionID: string) {
    this.sessionID = sessionID;
  }

  user(id: string): FakeEvent {
    return this.#event("message.updated", {
      info: { id, sessionID: this.sessionID, role: "user", time: { created: 1 } },
    });
  }

  /** `end`: how the answer ended, if it did. */
  answer(
    id: string,
    parentID: string,
    end?: { finish?: string; error?: unknown; summary?: boolean },
  ): FakeEvent {
    const time = end === undefined ? { created: 1 } : { created: 1, completed: 2 };
    const info = {
      id,
      parentID,
      sessionID: this.sessionID,
      role: "assistant",
      time,
      tokens: { input: 1, output: 1 },
    };
    return this.#event("message.updated", { info: { ...info, ...end } });
  }

  text(id: string, messageID: string, text: string, isFinal = false): FakeEvent {
    const time = isFinal ? { start: 1, end: 2 } : { start: 1 };
    return this.part({ id, messageID, type: "text", text, time });
  }

  tool(id: string, messageID: string, callID: string, state: object): FakeEvent {
    return this.part({ id, messageID, type: "tool", tool: "bash", callID, state });
  }

  part(part: Record<string, unknown>): FakeEvent {
    return this.#event("message.part.updated", { part: { sessionID: this.sessionID, ...part } });
  }

  removed(messageID: string, partID?: string): FakeEvent {
    return partID === undefined
      ? this.#event("message.removed", { messageID })
      : this.#event("message.part.removed", { messageID, partID });
  }

  delta(partID: string, messageID: string, delta: string): FakeEvent {
    return this.#event("message.part.delta", { partID, messageID, field: "text", delta });
  }

  status(type: "busy" | "idle"): FakeEvent {
    return this.#event("session.status", { status: { type } });
  }

  retry(message: string): FakeEvent {
    return this.#event("session.status", { status: { type: "retry", attempt: 1, message, next: 1 } });
  }

  idle(): FakeEvent {
    return this.#event("session.idle", {});
  }

  error(name: string, message: string): FakeEvent {
    return this.#event("session.error", { error: { name, data: { message } } });
  }

  asked(id: string, over: Record<string, unknown> = {}): FakeEvent {
    return this.#event("permission.asked", {
      id,
      permission: "bash",
      patterns: ["touch x"],
      metadata: { command: "touch x" },
      ...over,
    });
  }

  other(type: string, properties: Record<string, unknown> = {}): FakeEvent {
    return this.#event(type, properties);
  }

  #event(type: string, properties: Record<string, unknown>): FakeEvent {
    return { type, properties: { sessionID: this.sessionID, ...properties } };
  }
}
