import { list, offeredTool, record, string, textOf } from "./conversation.ts";
import type { ModelMessage } from "./conversation.ts";
import type { Usage } from "./usage.ts";
import { frame, reasonIn } from "./wire.ts";
import type { SaidCall, StreamEncoder, Wire } from "./wire.ts";

/** A `user` content may hold function responses and text; the responses come first, as the model saw them. */
function readContent(value: unknown): ModelMessage[] {
  const content = record(value);
  const parts = list(content["parts"]).map(record);
  if (content["role"] === "model")
    return [{ role: "assistant", text: textOf(parts.filter((part) => part["thought"] !== true)) }];
  const responses = parts.filter((part) => "functionResponse" in part);
  const rest = parts.filter((part) => !("functionResponse" in part));
  const tools = responses.map((part): ModelMessage => ({
    role: "tool",
    text: responseText(part["functionResponse"]),
  }));
  return responses.length > 0 && rest.length === 0 ? tools : [...tools, { role: "user", text: textOf(rest) }];
}

function responseText(value: unknown): string {
  const response = record(record(value)["response"]);
  return string(response["output"]) || string(response["error"]) || JSON.stringify(response);
}

/** Its candidates are counted without the thoughts. */
function usageOf(usage: Usage): unknown {
  const { input, output, cacheRead, reasoning } = usage;
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - (reasoning ?? 0),
    totalTokenCount: input + output,
    ...(cacheRead === undefined ? {} : { cachedContentTokenCount: cacheRead }),
    ...(reasoning === undefined ? {} : { thoughtsTokenCount: reasoning }),
  };
}

const reasons = { length: "MAX_TOKENS", content_filter: "SAFETY" };

/** Models from 3 on sign what they call, and want the signature back. */
function signatureOf(model: string): Record<string, string> {
  return model.includes("gemini-3") ? { thoughtSignature: "scripted" } : {};
}

function candidate(parts: unknown[], finish?: string): Record<string, unknown> {
  const content = { role: "model", parts };
  return { candidates: [{ index: 0, content, ...(finish === undefined ? {} : { finishReason: finish }) }] };
}

class GeminiEncoder implements StreamEncoder {
  readonly #head: Record<string, unknown>;
  readonly #signature: Record<string, string>;
  #isMalformed = false;

  constructor(id: string, model: string) {
    this.#head = { responseId: id, modelVersion: model };
    this.#signature = signatureOf(model);
  }

  open(): string {
    return "";
  }

  reasoning(text: string): string {
    return this.#parts([{ text, thought: true }]);
  }

  text(text: string): string {
    return this.#parts([{ text }]);
  }

  /** Calls are objects here: none comes in pieces, and a broken one is not there at all. */
  call(call: SaidCall): string[] {
    if (call.raw !== undefined) {
      this.#isMalformed = true;
      return [];
    }
    const functionCall = { id: call.id, name: call.name, args: call.args };
    return [this.#parts([{ functionCall, ...this.#signature }])];
  }

  close(usage: Usage, reason = this.#isMalformed ? "MALFORMED_FUNCTION_CALL" : "STOP"): string {
    const end = candidate([{ text: "" }], reasonIn(reasons, reason));
    return frame({ ...this.#head, ...end, usageMetadata: usageOf(usage) });
  }

  fail(status: number, text: string): string {
    return frame(gemini.error(status, text));
  }

  #parts(parts: unknown[]): string {
    return frame({ ...this.#head, ...candidate(parts) });
  }
}

/** Gemini's `models/<model>:streamGenerateContent` and `:generateContent`. */
export const gemini: Wire = {
  read(body, path) {
    const system = textOf(record(body["systemInstruction"])["parts"]);
    const messages = list(body["contents"]).flatMap(readContent);
    if (system !== "") messages.unshift({ role: "system", text: system });
    const tools = list(body["tools"])
      .flatMap((group) => list(record(group)["functionDeclarations"]))
      .map(record)
      .map((tool) =>
        offeredTool(tool["name"], tool["description"], tool["parametersJsonSchema"] ?? tool["parameters"]),
      );
    const model = /models\/([^/:]+):/.exec(path)?.[1] ?? "";
    return { api: "gemini", model, stream: path.endsWith(":streamGenerateContent"), messages, tools };
  },
  encoder: (id, model) => new GeminiEncoder(id, model),
  whole(id, model, { reasoning, text, calls, usage }) {
    const parts = [
      ...(reasoning === "" ? [] : [{ text: reasoning, thought: true }]),
      ...(text === "" ? [] : [{ text }]),
      ...calls.map((call) => ({ functionCall: { id: call.id, name: call.name, args: call.args } })),
    ];
    return {
      responseId: id,
      modelVersion: model,
      ...candidate(parts, "STOP"),
      usageMetadata: usageOf(usage),
    };
  },
  error: (status, text) => ({
    error: { code: status, message: text, status: status < 500 ? "INVALID_ARGUMENT" : "INTERNAL" },
  }),
};
