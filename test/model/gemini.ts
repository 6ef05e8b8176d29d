import { list, offeredTool, record, string, textOf } from "./conversation.ts";
import type { ModelMessage } from "./conversation.ts";
import { frame } from "./wire.ts";
import type { StreamEncoder, Usage, WholeAnswer, Wire } from "./wire.ts";

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

function usageOf(usage: Usage): unknown {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output,
    totalTokenCount: usage.input + usage.output,
  };
}

function candidate(parts: unknown[], finish?: string): Record<string, unknown> {
  const content = { role: "model", parts };
  return { candidates: [{ index: 0, content, ...(finish === undefined ? {} : { finishReason: finish }) }] };
}

class GeminiEncoder implements StreamEncoder {
  readonly #head: Record<string, unknown>;

  constructor(id: string, model: string) {
    this.#head = { responseId: id, modelVersion: model };
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

  call(call: WholeAnswer["calls"][number]): string {
    return this.#parts([{ functionCall: { id: call.id, name: call.name, args: call.args } }]);
  }

  close(usage: Usage): string {
    return frame({ ...this.#head, ...candidate([{ text: "" }], "STOP"), usageMetadata: usageOf(usage) });
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
