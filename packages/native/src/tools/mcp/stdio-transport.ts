import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve, sep } from "node:path";
import { type Clock, within } from "@holdfast/kernel";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { endGroup } from "../shell/index.ts";

/** Bytes of one message of a server. */
export const MESSAGE_BYTES = 16 * 1024 * 1024;

/** Bytes that a program may leave unread before it is given up. */
const UNREAD_BYTES = 1024 * 1024;

/** How long a program may take to end once its stdin did, in ms; its group is ended then. */
const LEAVE_MS = 1_000;

type Program = {
  command: string;
  args: readonly string[];
  directory: string;
  environment: Readonly<Record<string, string>>;
};

/** MCP over the stdin and stdout of a program in a process group of its own, which is ended whole with the transport. What is no JSON on its stdout is passed over. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #clock: Clock;
  readonly #program: Program;
  #child: ChildProcess | undefined;
  #closing: Promise<void> | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(clock: Clock, program: Program) {
    this.#clock = clock;
    this.#program = program;
  }

  async start(): Promise<void> {
    const { command, args, directory, environment } = this.#program;
    const child = spawn(command.includes(sep) ? resolve(directory, command) : command, args, {
      cwd: directory,
      env: { ...environment },
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child = child;
    child.on("error", (error) => this.onerror?.(error));
    child.once("exit", () => this.onclose?.());
    child.stdin?.on("error", (error) => this.onerror?.(error));
    child.stdout?.on("data", (bytes: Buffer) => this.#take(bytes));
    await once(child, "spawn");
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (stdin?.writable !== true || this.#closing !== undefined) throw new Error("the program has ended");
    stdin.write(`${JSON.stringify(message)}\n`);
    if (stdin.writableLength <= UNREAD_BYTES) return;
    this.onerror?.(new Error("it does not read what it is told"));
    await this.close();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const isRunning = child.exitCode === null && child.signalCode === null;
    const gone = isRunning ? once(child, "exit") : Promise.resolve([]);
    child.stdin?.end();
    await within(this.#clock, LEAVE_MS, gone);
    // What it started may be there when it is not.
    await endGroup(this.#clock, child.pid);
    child.stdout?.destroy();
  }

  #take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      this.#rest.push(bytes.subarray(from, end));
      this.#pass(Buffer.concat(this.#rest).toString("utf8"));
      this.#rest = [];
      this.#restBytes = 0;
      from = end + 1;
    }
    this.#rest.push(bytes.subarray(from));
    this.#restBytes += bytes.length - from;
    if (this.#restBytes <= MESSAGE_BYTES) return;
    this.#rest = [];
    this.#restBytes = 0;
    this.onerror?.(new Error(`an answer has more than ${MESSAGE_BYTES} bytes`));
    void this.close();
  }

  #pass(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    if (this.#closing === undefined && typeof message === "object" && message !== null)
      this.onmessage?.(message as JSONRPCMessage);
  }
}
