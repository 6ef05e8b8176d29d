/**
 * What an answer was, as the model gets it back: one pair of words with calls, and their results, for each call of a model in it.
 *
 *   row   step-start text call call      ->  assistant [text call call]  tool [result result]
 *   row   text call text (one answer of   ->  assistant [text call]  tool [result]  assistant [text]
 *         an agent that tells no steps)
 */
import type { JsonObject, Part, TextPart } from "@holdfast/protocol";
import type { ModelMessage, ToolResultPart } from "ai";
import type { CallNames } from "./call-names.ts";
import type { ViewOptions } from "./options.ts";
import { type Answer, hasBegun, isOwn, isUsersCall } from "./row.ts";
import { addSaid, type Content } from "./said-content.ts";
import { resultOf } from "./tool-result.ts";

type Options = NonNullable<Extract<Content[number], { type: "text" }>["providerOptions"]>;
type Said = Extract<Part, { type: "text" | "reasoning" | "tool" }>;

/** Errors that cut off an answer, which was good as far as it came. What any other says, is tried again or was refused. */
const CUT_OFF: ReadonlySet<string> = new Set([
  "MessageAbortedError",
  "MessageOutputLengthError",
  "StructuredOutputError",
  "AgentError",
  "AgentReportedError",
]);

/**
 * The messages of an answer; none for one that failed, or that came to nothing. Calls that were begun stay in any case: what they did, is done
 * (session-model 12, R-5.2).
 */
export async function answerMessages(
  answer: Answer,
  names: CallNames,
  options: ViewOptions,
): Promise<ModelMessage[]> {
  if (isLeftOut(answer)) return [];
  const isSame = isOwn(answer) && isSameModel(answer, options);
  const messages: ModelMessage[] = [];
  for (const step of stepsOf(answer.parts, isSame))
    messages.push(...(await stepMessages(step, { isSame, isOwn: isOwn(answer), names, options })));
  return messages;
}

function isLeftOut({ info, parts }: Answer): boolean {
  if (info.error === undefined) return false;
  const said = parts.filter(isSaid);
  if (said.some((part) => part.type === "tool" && hasBegun(part))) return false;
  if (!CUT_OFF.has(info.error.name)) return true;
  return !said.some((part) => part.type === "tool" || (part.type === "text" && part.text !== ""));
}

function isSameModel({ info: { model } }: Answer, options: ViewOptions): boolean {
  const { providerId, modelId } = options.model;
  return model !== undefined && model.modelId === modelId && model.providerId === providerId;
}

/** What the model said in a try that counts. What ran before the answer, by the user's own word, is told in his message. */
function isSaid(part: Part): part is Said {
  if (part.type === "text") return part.attempt === undefined && part.ignored !== true;
  if (part.type === "reasoning") return part.attempt === undefined;
  return part.type === "tool" && !isUsersCall(part);
}

/** Parts by call of a model. An agent that is none of ours says in one answer what many calls said. */
function stepsOf(parts: readonly Part[], isSame: boolean): Said[][] {
  const steps: Said[][] = [[]];
  const lastRetry = parts.findLastIndex(({ type }) => type === "retry");
  for (const [index, part] of parts.entries()) {
    const step = steps.at(-1) ?? [];
    if (part.type === "step-start" || part.type === "retry") steps.push([]);
    if (!isSaid(part)) continue;
    // What a failed try was about to call, it never called.
    if (part.type === "tool" && index < lastRetry && !hasBegun(part)) continue;
    if (!isSame && part.type !== "tool" && step.at(-1)?.type === "tool") steps.push([part]);
    else step.push(part);
  }
  return steps;
}

type Step = { isSame: boolean; isOwn: boolean; names: CallNames; options: ViewOptions };

async function stepMessages(parts: readonly Said[], step: Step): Promise<ModelMessage[]> {
  const { isSame, names, options } = step;
  const isSigned = isSame && parts.some((part) => part.type === "reasoning" && part.metadata !== undefined);
  const content: Content = [];
  const results: ToolResultPart[] = [];
  const beside: Awaited<ReturnType<typeof resultOf>>["beside"] = [];
  for (const part of parts) {
    if (part.type === "text") addSaid(content, textOf(part, isSame, isSigned));
    else if (part.type === "reasoning") addSaid(content, reasoningOf(part, isSame, options));
    else {
      const named = names.of(part, isSame);
      content.push({
        type: "tool-call",
        ...named,
        input: part.state.input,
        ...(named.toolCallId === part.callId ? signed(part.metadata, isSame) : {}),
      });
      const result = await resultOf(part, step.isOwn, options);
      results.push({ type: "tool-result", ...named, output: result.output });
      beside.push(...result.beside);
    }
  }
  const said = withoutLooseReasoning(content);
  if (said.length === 0) return [];
  return [
    { role: "assistant", content: said },
    ...(results.length === 0 ? [] : [{ role: "tool" as const, content: results }]),
    ...(beside.length === 0 ? [] : [{ role: "user" as const, content: beside }]),
  ];
}

/** Between signed reasoning an empty text keeps its place. */
function textOf({ text, metadata }: TextPart, isSame: boolean, isSigned: boolean): Content {
  const options = signed(metadata, isSame);
  if (text === "" && !isSigned && options.providerOptions === undefined) return [];
  return [{ type: "text", text: text === "" ? " " : text, ...options }];
}

/** To another model it is plain words. Two providers take back only what they signed. */
function reasoningOf(
  { text, metadata }: Extract<Part, { type: "reasoning" }>,
  isSame: boolean,
  { kind }: ViewOptions,
): Content {
  if (!isSame) return text.trim() === "" ? [] : [{ type: "text", text }];
  const options = signed(metadata, isSame);
  const needsSigning = kind === "anthropic" || kind === "openai";
  if (options.providerOptions === undefined && (needsSigning || text === "")) return [];
  return [{ type: "reasoning", text, ...options }];
}

/** Reasoning that nothing came of: providers refuse an answer that ends with it. */
function withoutLooseReasoning(content: Content): Content {
  const last = content.findLastIndex((part) => part.type === "tool-call" || part.type === "text");
  const kept = content.slice(0, last + 1);
  return kept.every((part) => part.type === "text" && part.text.trim() === "") ? [] : kept;
}

/** Names of what Holdfast itself keeps beside a part. */
const OURS: ReadonlySet<string> = new Set(["backend", "holdfast", "notAllowed", "agentSaid"]);

/** What the provider said of a part, which it wants back with it. Of a call it may stand in `provider`, as other agents' does. */
function signed(metadata: JsonObject | undefined, isSame: boolean): { providerOptions?: Options } {
  if (!isSame || metadata === undefined) return {};
  const { provider, ...beside } = metadata;
  const told = Object.entries({ ...beside, ...(isObject(provider) ? provider : {}) }).filter(
    ([name, value]) => !OURS.has(name) && isObject(value),
  );
  return told.length === 0 ? {} : { providerOptions: Object.fromEntries(told) as Options };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
