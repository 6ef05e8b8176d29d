/**
 * One agent program and the ACP connection to it.
 *
 * Invariants: the connection is over when stdout has ended and everything before its end was passed on; whoever waits for an answer then hears
 * how the program exited and what it last said on stderr; a program that closes its output is ended.
 */
import { client, RequestError, type AnyResponse, type ClientConnection } from "@agentclientprotocol/sdk";
import { within, type Clock } from "@holdfast/kernel";
import { abortedError, type SessionErrorOf } from "@holdfast/protocol";
import type { AgentProcess, StopOptions } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import { AgentFailure } from "../port.ts";
import type { PermissionReply } from "./permission-option.ts";
import { ELICITATION_COMPLETE, Wire, type WireListener } from "./wire.ts";

export type Phase = SessionErrorOf<"AgentError">["data"]["phase"];

/** More lines than this before initialize is answered: the program does not speak ACP. */
export const MAX_NOISE_BEFORE_INITIALIZE = 1_000;

/** After the end of stdout, how long the exit may take before the program is ended. */
const EXIT_WAIT_MS = 2_000;

/** How the connection ended. */
export type Ending = { exitCode?: number; signal?: string; stderrTail: string | undefined };

/** What the agent asks, as the connection passes it on; `params` are unchecked. */
export type AnswerPermission = (params: unknown) => Promise<PermissionReply>;

/** Requests besides that which are answered, by method; what is not named is answered as unknown. The signal aborts when the agent cancels its request. */
export type Methods = Readonly<
  Record<string, (params: unknown, signal: AbortSignal) => Promise<Record<string, unknown>>>
>;

export class Connection {
  readonly process: AgentProcess;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #agent: string;
  readonly #clock: Clock;
  readonly #wire: Wire;
  readonly #sdk: ClientConnection;
  #isOpen = true;
  #isInitialized = false;
  #isExpected = false;
  #abort: string | undefined;
  #complaint: string | undefined;

  constructor(
    started: AgentProcess,
    options: {
      agent: string;
      clock: Clock;
      listener: WireListener;
      answerPermission: AnswerPermission;
      methods?: Methods;
      elicitationComplete?: (params: unknown) => void;
    },
  ) {
    this.process = started;
    this.#agent = options.agent;
    this.#clock = options.clock;
    this.#wire = new Wire(started, this.#watchful(options.listener));
    const app = client({ name: "holdfast" }).onRequest(
      "session/request_permission",
      (params) => params,
      async ({ params }) => options.answerPermission(params),
    );
    for (const [method, answer] of Object.entries(options.methods ?? {})) {
      app.onRequest(
        method,
        (params) => params,
        ({ params, signal }) => answer(params, signal),
      );
    }
    app.onNotification(
      ELICITATION_COMPLETE,
      (params) => params,
      ({ params }) => options.elicitationComplete?.(params),
    );
    this.#sdk = app.connect(this.#wire.stream);
    this.ended = this.#wire.ended.then(() => this.#over());
    void started.ended.then(() => this.#wire.release());
    // Whoever waits for an answer waits for the end of stdout; an SDK that gave up would never let it come.
    void this.#sdk.closed.then(() => (this.#wire.hasEnded ? undefined : this.process.stop({ from: "kill" })));
  }

  /** False from the end of stdout on, and once a stop began. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isExpected;
  }

  /** True when we ended it on purpose. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  /** From now on noise is only counted. */
  initialized(): void {
    this.#isInitialized = true;
  }

  /**
   * Asks the agent. Rejects with the SDK's `RequestError` when it answers with an error, and with an `AgentFailure` when the connection ends or
   * `timeoutMs` pass without an answer; the caller then ends the program.
   */
  async request(phase: Phase, method: string, params: unknown, timeoutMs?: number): Promise<unknown> {
    const answer = this.#sdk.agent.request(method, params).then((result) => ({ result }));
    try {
      if (timeoutMs === undefined) return (await answer).result;
      const settled = await within(this.#clock, timeoutMs, answer);
      if (settled !== undefined) return settled.result;
    } catch (error) {
      throw error instanceof RequestError ? error : await this.failure(phase);
    }
    const message = `${this.#agent} did not answer ${method} within ${timeoutMs / 1000} s.`;
    const stderrTail = this.process.stderrTail();
    throw new AgentFailure("crashed", agentError({ agent: this.#agent, phase, message, stderrTail }));
  }

  /** Tells the agent something; it is nobody's fault when it is gone already. */
  notify(method: string, params: unknown): void {
    this.#sdk.agent.notify(method, params).catch(() => undefined);
  }

  /**
   * Ends the program on purpose; resolves when nothing of it lives. What was over before stays a crash: the pool cleans up after one through
   * here too.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    if (this.#isOpen) this.#isExpected = true;
    if (options.from !== undefined && options.from !== "eof") this.#wire.release();
    await this.process.stop(options);
  }

  /** Ends the program because nobody wants it any more. */
  abort(reason: string): void {
    this.#abort = reason;
    void this.stop({ from: "kill" });
  }

  /** The failure of whoever waits when the connection is over; waits for its end. */
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

  #farewell({ exitCode, signal }: Ending): string {
    if (signal !== undefined) return `${this.#agent} was ended by ${signal}.`;
    if (exitCode !== undefined) return `${this.#agent} exited with code ${exitCode}.`;
    return `${this.#agent} closed its output.`;
  }

  async #over(): Promise<Ending> {
    this.#isOpen = false;
    const exit = await within(this.#clock, EXIT_WAIT_MS, this.process.exited);
    if (exit === undefined) void this.process.stop();
    return { ...exit, stderrTail: this.process.stderrTail() };
  }

  /** Ends a program that only makes noise. */
  #watchful(listener: WireListener): WireListener {
    return {
      update: (sessionId, update, bytes) => listener.update(sessionId, update, bytes),
      answered: (method: string, response: AnyResponse) => listener.answered(method, response),
      asked: (request, bytes) => listener.asked(request, bytes),
      stray: (kind, bytes, text) => {
        listener.stray(kind, bytes, text);
        if (this.#isInitialized || this.#wire.noiseLines <= MAX_NOISE_BEFORE_INITIALIZE) return;
        this.#complaint ??= `${this.#agent} wrote more than ${MAX_NOISE_BEFORE_INITIALIZE} lines that are no messages before it answered.`;
        void this.process.stop({ from: "kill" });
      },
    };
  }
}
