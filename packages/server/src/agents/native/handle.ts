/**
 * A live session of the native agent: its program, prompts one at a time, the cancel ladder, the end.
 *
 * Its memory is the rows of the session, which it reads through here: a prompt carries only what stands nowhere else. A prompt that is given up ends the
 * program, and is then killed; a program that dies by itself, or breaks its protocol, has crashed, and exit listeners hear of it first.
 */
import { type Clock, HoldfastError, within } from "@holdfast/kernel";
import {
  agentQuestionSchema,
  blobParamsSchema,
  historyParamsSchema,
  METHODS,
  type OpenAnswer,
  type PermissionAnswer as AnswerTold,
  permissionAskSchema,
  promptAnswerSchema,
  sayParamsSchema,
  steerAnswerSchema,
  turnParamsSchema,
} from "@holdfast/native";
import type { Features, Model, SessionId } from "@holdfast/protocol";
import { z } from "zod";
import { NoteThrottle } from "../note-throttle.ts";
import {
  AgentFailure,
  type AgentHandle,
  type AgentProcessFacts,
  type AgentSettings,
  type IdleSink,
  type OpenRequest,
  type PromptInput,
  type PromptResult,
  type SteerInput,
  type SteerResult,
  type TurnSink,
  type WordedAnswer,
} from "../port.ts";
import type { ReadBlob } from "../read-blob.ts";
import { Prompts, type RunningPrompt } from "../running-prompt.ts";
import { checked, type Connection } from "./connection.ts";
import type { DeepMask } from "./mask.ts";
import type { PeerListener } from "./peer.ts";
import { lateNote, toldBy } from "./said.ts";

/** How long the program of a prompt that is given up has between SIGTERM and SIGKILL. */
const CANCEL_TERM_MS = 1_000;

/** How long a polite end, and a change of settings, may take. */
const CLOSE_MS = 5_000;
const SETTING_MS = 10_000;

/** How long the answer to a steer may take once the prompt that it is for has ended. */
const STEER_WAIT_MS = 2_000;

const STEERED = z.unknown().transform((value) => steerAnswerSchema.safeParse(value).data?.outcome);

export type HandleFacts = {
  agent: string;
  request: OpenRequest;
  features: Features;
  process: AgentProcessFacts;
  readBlob: ReadBlob;
  mask: DeepMask;
  /** The model that is meant, as its provider has it; of none that is asked for, the one that is used then. Throws AGENT_UNAVAILABLE where there is none. */
  modelOf: (asked: Model | undefined) => Model;
  clock: Clock;
};

export class NativeHandle implements AgentHandle {
  readonly agent: string;
  readonly sessionId: SessionId;
  readonly backendSessionId: string;
  readonly openedBy: "create" | "resume";
  readonly features: Features;
  readonly process: AgentProcessFacts;
  readonly readsRows = true;
  readonly answersJson = true;
  readonly #facts: HandleFacts;
  readonly #idle: IdleSink;
  readonly #prompts: Prompts;
  readonly #notes = new NoteThrottle();
  #connection: Connection | undefined;
  #version: string | undefined;
  #model: Model;
  #isAsked: boolean;
  #listeners: ((exit: { expected: boolean }) => void)[] = [];
  #exit: { expected: boolean } | undefined;
  #closing: Promise<void> | undefined;

  /** Not usable before `connected`. */
  constructor(facts: HandleFacts) {
    const { request } = facts;
    this.#facts = facts;
    this.#idle = request.idle;
    this.agent = facts.agent;
    this.sessionId = request.sessionId;
    // It has no session but ours: whatever was before it in this one, it knows.
    this.backendSessionId = request.agentSessionId;
    this.openedBy = request.backendSessionId === undefined ? "create" : "resume";
    this.features = facts.features;
    this.process = facts.process;
    this.#model = facts.modelOf(request.model);
    this.#isAsked = request.model !== undefined;
    this.#prompts = new Prompts(facts.clock, this.backendSessionId);
  }

  /** The program is open. */
  connected(connection: Connection, { version }: OpenAnswer): void {
    this.#connection = connection;
    this.#version = version;
    void connection.ended.then(() => this.#tellExit());
  }

  get version(): string | undefined {
    return this.#version;
  }

  get alive(): boolean {
    return this.#connection?.isOpen === true;
  }

  get idleSince(): number | undefined {
    return this.#prompts.idleSince;
  }

  get model(): Model | undefined {
    return this.#isAsked ? this.#model : undefined;
  }

  /** The model that is used, asked for or not. */
  get usedModel(): Model {
    return this.#model;
  }

  onExit(listener: (exit: { expected: boolean }) => void): void {
    if (this.#exit !== undefined) listener(this.#exit);
    else this.#listeners.push(listener);
  }

  prompt({ format }: PromptInput, sink: TurnSink): Promise<PromptResult> {
    const prompt = this.#prompts.begin(sink, {
      tell: () => this.#program.notify(METHODS.cancel),
      giveUp: () => this.#program.stop({ from: "term", withinMs: CANCEL_TERM_MS }),
    });
    void this.#run(prompt, format).then((result) => prompt.settle(result));
    return prompt.result;
  }

  cancel(): Promise<void> {
    return this.#prompts.cancel();
  }

  async steer({ messageId }: SteerInput): Promise<SteerResult> {
    const { running } = this.#prompts;
    if (running === undefined || running.isStopping) return { outcome: "promptRequired" };
    // What the program says behind its answer is about the message, which stands in the rows by then.
    const stored = Promise.withResolvers<void>();
    const question = { phase: "prompt", method: METHODS.steer, schema: STEERED } as const;
    const behind = (result: unknown) => (STEERED.parse(result) === "injected" ? stored.promise : undefined);
    const answer = this.#program
      .request(question, { messageId }, behind)
      .then((outcome) => ({ outcome }))
      .catch(() => ({ outcome: undefined }));
    const late = running.result.then(() => within(this.#facts.clock, STEER_WAIT_MS, answer));
    const { outcome } = (await Promise.race([answer, late])) ?? { outcome: undefined };
    if (outcome === "injected") return { outcome, goOn: () => stored.resolve() };
    stored.resolve();
    return { outcome: outcome === "missed" ? "promptRequired" : "unknown" };
  }

  /** The approval mode is held by our answers alone. */
  async configure({ model }: AgentSettings): Promise<void> {
    const wanted = this.#facts.modelOf(model);
    if (!isSame(wanted, this.#model))
      await this.#program.request(
        { phase: "open", method: METHODS.configure, schema: z.unknown(), timeoutMs: SETTING_MS },
        { model: wanted },
      );
    this.#model = wanted;
    this.#isAsked = model !== undefined;
  }

  async close(graceMs?: number): Promise<void> {
    const isFirst = this.#closing === undefined;
    this.#closing ??= this.#closePolitely(graceMs);
    if (!isFirst && graceMs !== undefined) void this.#connection?.stop({ withinMs: graceMs });
    await this.#closing;
  }

  /** What the program says and asks. */
  readonly listener: PeerListener = {
    notified: (method, params) => {
      if (method !== METHODS.say) return undefined;
      const { events } = checked(sayParamsSchema, params);
      for (const event of events) this.#said(this.#facts.mask(event));
      return this.#prompts.running?.sink.drained();
    },
    asked: (method, params, signal) => this.#asked(method, params, signal),
  };

  get #program(): Connection {
    if (this.#connection === undefined) throw new Error("The program is not open.");
    return this.#connection;
  }

  async #run({ sink }: RunningPrompt, format: PromptInput["format"]): Promise<PromptResult> {
    const question = { phase: "prompt", method: METHODS.prompt, schema: promptAnswerSchema } as const;
    try {
      const params = { turnId: sink.turnId, ...(format === undefined ? {} : { format }) };
      return this.#facts.mask(await this.#program.request(question, params));
    } catch (error) {
      if (!(error instanceof AgentFailure)) throw error;
      const failure = this.#facts.mask(error.error);
      if (this.alive) return { outcome: "failed", error: failure };
      this.#tellExit();
      return this.#program.isExpected ? { outcome: "killed" } : { outcome: "crashed", error: failure };
    }
  }

  #said(said: Parameters<typeof toldBy>[0]): void {
    const told = toldBy(said, this.#notes);
    if (told === undefined) return;
    const sink = this.#prompts.running?.sink;
    if (sink !== undefined) sink.emit(told.event);
    else if (told.is === "any") this.#idle.emit(told.event);
    else {
      const late = lateNote(said, this.#notes);
      if (late !== undefined) this.#idle.emit(late as Parameters<IdleSink["emit"]>[0]);
    }
  }

  async #asked(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    const { mask, request, readBlob } = this.#facts;
    const { running } = this.#prompts;
    switch (method) {
      case METHODS.commit:
        return void (await this.#committed());
      case METHODS.turn: {
        const { from } = checked(turnParamsSchema, params);
        return (await this.#committed()).stored(from);
      }
      case METHODS.ask: {
        const ask = mask(checked(permissionAskSchema, params));
        return answerTold((await running?.askForWords(ask, signal)) ?? "cancelled");
      }
      case METHODS.askQuestion: {
        const question = mask(checked(agentQuestionSchema, params));
        return (await running?.askQuestion(question, signal)) ?? { action: "cancel" };
      }
      case METHODS.history:
        return request.history(checked(historyParamsSchema, params));
      case METHODS.blob: {
        const blob = await readBlob(checked(blobParamsSchema, params).hash, this.sessionId);
        return blob && { data: Buffer.from(blob.bytes).toString("base64") };
      }
      default:
        throw new HoldfastError("UNPROCESSABLE", `There is no method ${method}.`);
    }
  }

  /** Resolves once all that was said is committed. Rejects where it cannot be, or no prompt runs: then nothing is. */
  async #committed(): Promise<TurnSink> {
    const sink = this.#prompts.running?.sink;
    if (sink === undefined) throw new HoldfastError("CONFLICT", "No prompt runs: nothing is committed.");
    await sink.committed();
    return sink;
  }

  async #closePolitely(graceMs: number | undefined): Promise<void> {
    const { clock } = this.#facts;
    const start = clock.monotonic();
    if (this.alive) await this.#prompts.running?.stop(Math.min(CLOSE_MS, graceMs ?? CLOSE_MS));
    const left = graceMs === undefined ? undefined : Math.max(0, graceMs - (clock.monotonic() - start));
    await this.#connection?.stop({ from: "eof", withinMs: left });
  }

  #tellExit(): void {
    if (this.#exit !== undefined) return;
    this.#exit = { expected: this.#program.isExpected };
    for (const listener of this.#listeners.splice(0)) listener(this.#exit);
  }
}

function answerTold(answer: WordedAnswer): AnswerTold {
  if (typeof answer === "object") return { action: "reject", message: answer.reject };
  return { action: answer };
}

const isSame = (one: Model, other: Model): boolean =>
  one.providerId === other.providerId && one.modelId === other.modelId && one.variant === other.variant;
