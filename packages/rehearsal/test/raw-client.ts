import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Arrivals, kill, startAgent } from "./agent-process.ts";

/** One line of the agent's stdout, as it came. `message` is absent when the line is no JSON object. */
export type Line = {
  readonly bytes: number;
  readonly text: string;
  readonly message?: Message;
  readonly at: number;
};

export type Message = {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly update?: Update };
  readonly result?: Record<string, unknown> | null;
  readonly error?: { readonly code: number };
};

export type Update = { readonly sessionUpdate?: string; readonly content?: { readonly text?: string } };

/** A client that sees every byte: no SDK, no schema, no line limit. Lines are kept in their order. */
export class RawClient {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines = new Arrivals<Line>();
  #pieces: Buffer[] = [];
  #nextId = 1;

  constructor(home: string, faultyArgs?: readonly string[]) {
    this.child = startAgent(home, faultyArgs);
    this.child.stderr.resume();
    this.child.stdout.on("data", (piece: Buffer) => this.#take(piece));
  }

  /** Sends requests and notifications in one write; answers the id of the last one. */
  send(...messages: { method: string; params: unknown; isNotification?: boolean }[]): number {
    const lines = messages.map(({ method, params, isNotification }) => {
      const id = isNotification ? {} : { id: this.#nextId++ };
      return `${JSON.stringify({ jsonrpc: "2.0", ...id, method, params })}\n`;
    });
    this.child.stdin.write(lines.join(""));
    return this.#nextId - 1;
  }

  /** Sends one JSON-RPC message as it is. */
  write(message: Record<string, unknown>): void {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  /** The answer to a request, waited for. */
  async answer(id: number): Promise<Message> {
    const line = await this.lines.first(`the answer to request ${id}`, ({ message }) => {
      return message !== undefined && message.method === undefined && message.id === id;
    });
    return line.message ?? {};
  }

  /** Sends a request and waits for its answer. */
  request(method: string, params: unknown): Promise<Message> {
    return this.answer(this.send({ method, params }));
  }

  async newSession(cwd: string): Promise<string> {
    await this.request("initialize", { protocolVersion: 1 });
    const { result } = await this.request("session/new", { cwd, mcpServers: [] });
    return String(result?.["sessionId"]);
  }

  prompt(sessionId: string, text: string): Promise<Message> {
    return this.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] });
  }

  /** What came so far, in short: `method`, `sessionUpdate: text`, `answer <id>`, or the noise itself. */
  story(): string[] {
    return this.lines.all.map(({ message, text }) => {
      if (!message) return text;
      if (message.method === undefined) return `answer ${message.id}`;
      const update = message.params?.update;
      return update ? `${update.sessionUpdate}: ${update.content?.text?.slice(0, 20) ?? ""}` : message.method;
    });
  }

  close(): Promise<void> {
    return kill(this.child);
  }

  #take(piece: Buffer): void {
    let from = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
      this.#pieces.push(piece.subarray(from, end));
      const line = Buffer.concat(this.#pieces);
      this.#pieces = [];
      from = end + 1;
      const text = line.toString("utf8");
      this.lines.push({ bytes: line.length, text, at: performance.now(), ...parsed(text) });
    }
    this.#pieces.push(piece.subarray(from));
  }
}

function parsed(text: string): { message?: Message } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { message: value } : {};
  } catch {
    return {};
  }
}
