import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { type AgentProcess, type Line, LineSplitter } from "../process/index.ts";

/** Bytes of one message: what the largest resource takes as base64 in JSON, and some more. */
export const MESSAGE_BYTES = 16 * 1024 * 1024;

/** Bytes that a program may leave unread before it is given up: it asks for answers and takes none. */
const UNREAD_BYTES = 1024 * 1024;

/** How long a program may take to end after its stdin did, in ms; SIGKILL follows. */
const STOP_MS = 2_000;

/** MCP over the stdin and stdout of a program, which is started by `launch` and ended with the transport. What is no JSON on its stdout is passed over. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #launch: () => Promise<AgentProcess>;
  #process: AgentProcess | undefined;
  #closing: Promise<void> | undefined;

  constructor(launch: () => Promise<AgentProcess>) {
    this.#launch = launch;
  }

  async start(): Promise<void> {
    this.#process = await this.#launch();
    void this.#read(this.#process);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#running();
    stdin.write(`${JSON.stringify(message)}\n`);
    if (stdin.writableLength <= UNREAD_BYTES) return;
    this.onerror?.(new Error("it does not read what it is answered"));
    await this.close();
  }

  async close(): Promise<void> {
    this.#closing ??= this.#process?.stop({ withinMs: STOP_MS });
    await this.#closing;
  }

  #running(): AgentProcess {
    if (this.#process?.isRunning !== true || this.#closing !== undefined)
      throw new Error("the program has ended");
    return this.#process;
  }

  async #read({ stdout }: AgentProcess): Promise<void> {
    const splitter = new LineSplitter(MESSAGE_BYTES);
    try {
      for await (const chunk of stdout) for (const line of splitter.push(chunk as Buffer)) this.#pass(line);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
    this.onclose?.();
  }

  #pass(line: Line): void {
    if ("dropped" in line) {
      this.onerror?.(new Error(`an answer has more than ${MESSAGE_BYTES} bytes`));
      return this.onclose?.();
    }
    let message: unknown;
    try {
      message = JSON.parse(line.text);
    } catch {
      return;
    }
    if (this.#closing === undefined && typeof message === "object" && message !== null)
      this.onmessage?.(message as JSONRPCMessage);
  }
}
