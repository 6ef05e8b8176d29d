/** One call of a model: its answer is said as it comes, and what came of it is the answer. Nothing of it is run here. */
import type { Clock } from "@holdfast/kernel";
import type { SessionError, Tokens } from "@holdfast/protocol";
import { type ModelMessage, streamText, type TextStreamPart, type ToolChoice, type ToolSet } from "ai";
import type { Hooks } from "../hooks/index.ts";
import type { Host } from "../host.ts";
import {
  finishError,
  isMissedToolChoice,
  markedInstructions,
  modelError,
  usageOf,
  withCacheMarks,
} from "../model/index.ts";
import type { Content } from "../wire.ts";
import { ABORTED, type ModelCall } from "./read-call.ts";
import type { ChosenModel, Who } from "./room.ts";
import { StreamTold } from "./stream-told.ts";

type ModelRequest = {
  stepId: string;
  attempt: number;
  /** Row of the step, for hooks. */
  messageId: string;
  /** Ids of calls that the step has had: they are added to. */
  callIds: Set<string>;
  chosen: ChosenModel;
  system: string[];
  messages: ModelMessage[];
  tools: ToolSet;
  toolChoice: ToolChoice<ToolSet>;
};

export type ModelAnswer =
  /** `isEmpty`: without a word. */
  | {
      outcome: "answered";
      finish: string;
      calls: ModelCall[];
      isEmpty: boolean;
      tokens?: Tokens;
      cost?: number;
    }
  | { outcome: "failed"; error: SessionError }
  | { outcome: "cancelled" };

type Deps = { host: Host; clock: Clock; hooks: Hooks; who: Who; signal: AbortSignal };

/** How long a model may say nothing, in ms: less than a turn that shows nothing is given up after. */
const SILENT_MS = 600_000;

/** Characters of one answer, reasoning and inputs of calls included: many times what any model's output limit lets through. */
const ANSWER_CHARACTERS = 8 * 1024 * 1024;

/** Said of calls whose answer broke off behind them. */
const BROKEN_OFF = "The answer broke off before it was whole. This call was not run.";

/** Rejects where the host does, and with a `HookError`. */
export async function askModel(deps: Deps, request: ModelRequest): Promise<ModelAnswer> {
  const { host, clock, signal } = deps;
  const { access } = request.chosen;
  const told = new StreamTold(clock, {
    stepId: request.stepId,
    attempt: request.attempt,
    taken: request.callIds,
  });
  let thrown: unknown;
  const stop = new AbortController();
  const stream = await openStream(deps, request, AbortSignal.any([signal, stop.signal]));
  try {
    for await (const part of heard(stream, signal, clock)) {
      const events = told.take(part);
      if (part.type === "text-end") events.push(...(await completed(deps, request, told, part.id)));
      if (events.length > 0) await host.say(...events);
      if (told.length > ANSWER_CHARACTERS) break;
    }
  } catch (error) {
    if (!(error instanceof StreamFailure)) throw error;
    thrown = error.cause;
  } finally {
    stop.abort();
  }
  const failed = signal.aborted ? undefined : failureOf(told, thrown, access);
  if (failed === undefined && !signal.aborted) return answerOf(told, request);
  await host.say(...told.calls.map((call) => notRun(call, signal.aborted ? ABORTED : BROKEN_OFF)));
  return failed === undefined ? { outcome: "cancelled" } : { outcome: "failed", error: failed };
}

async function openStream(
  { hooks, who }: Deps,
  { chosen, system, messages, tools, toolChoice }: ModelRequest,
  abortSignal: AbortSignal,
): Promise<AsyncIterable<TextStreamPart<ToolSet>>> {
  const { reached, access, model } = chosen;
  const told = { ...who, model };
  const params = await hooks.run("chat.params", told, {
    providerOptions: structuredClone(reached.providerOptions),
    ...(reached.maxOutputTokens === undefined ? {} : { maxOutputTokens: reached.maxOutputTokens }),
  });
  const { headers } = await hooks.run("chat.headers", told, { headers: {} });
  const { providerOptions, ...settings } = params;
  return streamText({
    ...settings,
    providerOptions: providerOptions as typeof reached.providerOptions,
    headers,
    model: reached.model,
    instructions: markedInstructions(system, access.kind),
    messages: withCacheMarks(messages, access.kind),
    ...(Object.keys(tools).length === 0 ? {} : { tools, toolChoice }),
    // Retries are the loop's: said, committed and counted.
    maxRetries: 0,
    abortSignal,
    // What goes wrong comes in the stream; without this the SDK writes it to the console.
    onError: () => undefined,
  }).stream;
}

/** What reading the stream threw, apart from what saying it did. */
class StreamFailure extends Error {}

class SilentModel extends Error {}

/** Ends at once when it is aborted, whatever the stream does then. Throws a `StreamFailure`, also where nothing comes for too long. */
async function* heard<T>(
  stream: AsyncIterable<T>,
  signal: AbortSignal,
  clock: Pick<Clock, "after">,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  let waiting: PromiseWithResolvers<IteratorResult<T> | undefined> | undefined;
  const abort = () => waiting?.resolve(undefined);
  signal.addEventListener("abort", abort);
  try {
    for (;;) {
      waiting = Promise.withResolvers();
      const { resolve, reject, promise } = waiting;
      iterator.next().then(resolve, reject);
      if (signal.aborted) resolve(undefined);
      const timer = clock.after(SILENT_MS, () => reject(new SilentModel()));
      const result = await promise
        .catch((cause: unknown) => {
          throw new StreamFailure("the answer could not be read", { cause });
        })
        .finally(() => timer.cancel());
      if (result === undefined || result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    void iterator.return?.().catch(() => undefined);
  }
}

/** A text is whole: a hook may put another in its place (session-model 5). */
async function completed(
  { hooks, who }: Deps,
  { messageId }: ModelRequest,
  told: StreamTold,
  id: string,
): Promise<Content[]> {
  const stream = told.textOf(id);
  if (stream === undefined || !hooks.has("experimental.text.complete")) return [];
  const { streamId, text: whole } = stream;
  const input = { ...who, messageId, streamId };
  const { text } = await hooks.run("experimental.text.complete", input, { text: whole });
  return text === whole ? [] : [{ type: "text", text, streamId, whole: true }];
}

function failureOf(
  told: StreamTold,
  thrown: unknown,
  access: ChosenModel["access"],
): SessionError | undefined {
  if (told.length > ANSWER_CHARACTERS) return { name: "MessageOutputLengthError", data: {} };
  if (thrown instanceof SilentModel) return SILENT;
  const error = thrown ?? told.error;
  if (error !== undefined && !isMissedToolChoice(error)) return modelError(error, access);
  if (error !== undefined) return undefined;
  return finishError(told.finish?.finish ?? "interrupted", told.finish?.raw);
}

const SILENT: SessionError = {
  name: "APIError",
  data: { message: `The model said nothing for ${SILENT_MS / 60_000} minutes`, isRetryable: true },
};

function answerOf(told: StreamTold, { chosen }: ModelRequest): ModelAnswer {
  const { finish, usage, metadata } = told.finish ?? {
    finish: "other",
    usage: undefined,
    metadata: undefined,
  };
  return {
    outcome: "answered",
    finish: finish === "error" ? "stop" : finish,
    // A call whose input never ended is one as well: what came of it cannot be read, and the model is told so.
    calls: told.calls,
    isEmpty: told.isEmpty,
    ...(usage === undefined ? {} : usageOf(usage, metadata, chosen.reached.facts)),
  };
}

const notRun = ({ callId }: ModelCall, error: string): Content => ({
  type: "tool",
  update: { callId, status: "error", error, facts: { interrupted: true } },
});
