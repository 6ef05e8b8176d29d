/**
 * One running program of the native agent and what is said with it.
 *
 * Invariants: it is over when its output has ended and everything before that was passed on; whoever waits for an answer then hears how the program exited, or
 * what it did wrong, and what it last said on stderr; a program that breaks the protocol, or whose hook never comes back, is killed.
 */
import { type Clock, errorText, within } from "@holdfast/kernel";
import { hookParamsSchema, METHODS } from "@holdfast/native";
import { abortedError, type SessionErrorOf } from "@holdfast/protocol";
import type { z } from "zod";
import type { AgentProcess, StopOptions } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import { AgentFailure } from "../port.ts";
import { HookWatch } from "./hook-watch.ts";
import { AnsweredError, Complaint, Peer, type PeerListener } from "./peer.ts";

type Phase = SessionErrorOf<"AgentError">["data"]["phase"];

/** After the end of stdout, how long the exit may take before the program is ended. */
const EXIT_WAIT_MS = 2_000;

type Ending = { exitCode?: number; signal?: string; stderrTail: string | undefined };

export class Connection {
  readonly process: AgentProcess;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #agent: string;
  readonly #clock: Clock;
  readonly #peer: Peer;
  readonly #hooks: HookWatch;
  #isOpen = true;
  #isExpected = false;
  #abort: string | undefined;
  #complaint: string | undefined;

  constructor(started: AgentProcess, options: { agent: string; clock: Clock; listener: PeerListener }) {
    const { agent, clock, listener } = options;
    this.process = started;
    this.#agent = agent;
    this.#clock = clock;
    this.#hooks = new HookWatch({
      clock,
      isHeld: () => this.#peer.isHeld,
      late: (message) => this.#complain(message),
    });
    const watched: PeerListener = {
      asked: (method, params, signal) => listener.asked(method, params, signal),
      notified: (method, params) =>
        method === METHODS.hook
          ? (this.#hooks.told(checked(hookParamsSchema, params)) as undefined)
          : listener.notified(method, params),
    };
    this.#peer = new Peer(started, watched, (complaint) => this.#broke(complaint));
    this.ended = this.#peer.ended.then((complaint) => this.#over(complaint));
    void started.ended.then(() => this.#peer.release());
  }

  /** False from the end of its output on, and once a stop began. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isExpected;
  }

  /** True when we ended it on purpose. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  /**
   * Asks the program; what it answers is checked. Rejects with an `AgentFailure` when it answers with an error, or with what was not asked for, when it ends,
   * and when `timeoutMs` pass; the caller then ends it. `behind` is as in `Peer.request`.
   */
  async request<T>(
    { phase, method, schema, timeoutMs }: Question<T>,
    params: object,
    behind?: Parameters<Peer["request"]>[2],
  ): Promise<T> {
    const answering = this.#peer.request(method, params, behind).then((result) => ({ result }));
    try {
      const answer =
        timeoutMs === undefined ? await answering : await within(this.#clock, timeoutMs, answering);
      if (answer !== undefined) return checked(schema, answer.result);
    } catch (error) {
      if (error instanceof AnsweredError) throw this.#broken(phase, error.message);
      if (error instanceof Complaint) this.#broke(error.message);
      throw await this.failure(phase);
    }
    throw this.#broken(
      phase,
      `${this.#agent} did not answer ${method} within ${(timeoutMs ?? 0) / 1_000} s.`,
    );
  }

  notify(method: string): void {
    this.#peer.notify(method);
  }

  /** Ends the program on purpose; resolves when nothing of it lives. What was over before stays a crash. */
  async stop(options: StopOptions = {}): Promise<void> {
    if (this.#isOpen && this.#complaint === undefined) this.#isExpected = true;
    if (options.from !== undefined && options.from !== "eof") this.#peer.release();
    await this.process.stop(options);
  }

  /** Ends the program because nobody wants it any more. */
  abort(reason: string): void {
    this.#abort = reason;
    void this.stop({ from: "kill" });
  }

  /** The failure of whoever waits when it is over; waits for its end. */
  async failure(phase: Phase): Promise<AgentFailure> {
    const crash = await this.crash(phase);
    if (this.#abort !== undefined) return new AgentFailure("aborted", abortedError(this.#abort));
    return new AgentFailure("crashed", crash);
  }

  /** The error of a program that is gone; waits for its end. */
  async crash(phase: Phase): Promise<SessionErrorOf<"AgentError">> {
    const ending = await this.ended;
    return agentError({
      agent: this.#agent,
      phase,
      message: this.#complaint ?? this.#farewell(ending),
      ...ending,
    });
  }

  #broken(phase: Phase, message: string): AgentFailure {
    const stderrTail = this.process.stderrTail();
    return new AgentFailure("crashed", agentError({ agent: this.#agent, phase, message, stderrTail }));
  }

  #farewell({ exitCode, signal }: Ending): string {
    if (signal !== undefined) return `${this.#agent} was ended by ${signal}.`;
    if (exitCode !== undefined) return `${this.#agent} exited with code ${exitCode}.`;
    return `${this.#agent} closed its output.`;
  }

  #broke(complaint: string): void {
    this.#complain(`The program of ${this.#agent} broke its protocol. ${complaint}`);
  }

  #complain(message: string): void {
    this.#complaint ??= message;
    this.#peer.release();
    void this.process.stop({ from: "kill" });
  }

  async #over(complaint: string | undefined): Promise<Ending> {
    this.#isOpen = false;
    this.#hooks.stop();
    if (complaint !== undefined) this.#broke(complaint);
    const exit = await within(this.#clock, EXIT_WAIT_MS, this.process.exited);
    if (exit === undefined) void this.process.stop();
    return { ...exit, stderrTail: this.process.stderrTail() };
  }
}

/** What is asked of the program, and what its answer must be. */
export type Question<T> = { phase: Phase; method: string; schema: z.ZodType<T>; timeoutMs?: number };

/** What the program sent, in the form that it should have. Throws a `Complaint`. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0] ?? { path: [], message: "" };
  throw new Complaint(
    `What it wrote does not fit: ${path.map(String).join(".") || "all of it"}: ${errorText(message)}`,
  );
}
