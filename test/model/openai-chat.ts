import { list, offeredTool, record, string, textOf } from "./conversation.ts";
import type { ModelMessage, OfferedTool } from "./conversation.ts";
import type { Usage } from "./usage.ts";
import { argumentsOf, frame, piecesOf } from "./wire.ts";
import type { SaidCall, StreamEncoder, Wire } from "./wire.ts";

const roles: Record<string, ModelMessage["role"]> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
};

function usageOf(usage: Usage): unknown {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    ...(usage.cacheRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cacheRead } }),
    ...(usage.reasoning === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  };
}

function readTool(value: unknown): OfferedTool {
  const fn = record(record(value)["function"]);
  return offeredTool(fn["name"], fn["description"], fn["parameters"]);
}

class ChatEncoder implements StreamEncoder {
  readonly #head: Record<string, unknown>;
  #calls = 0;

  constructor(id: string, model: string) {
    this.#head = { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: 0, model };
  }

  open(): string {
    return this.#delta({ role: "assistant", content: "" });
  }

  reasoning(text: string): string {
    return this.#delta({ reasoning_content: text });
  }

  text(text: string): string {
    return this.#delta({ content: text });
  }

  call(call: SaidCall, pieces: number): string[] {
    const index = this.#calls++;
    const head = { index, id: call.id, type: "function" };
    const [first = "", ...rest] = piecesOf(argumentsOf(call), pieces);
    return [
      this.#delta({ tool_calls: [{ ...head, function: { name: call.name, arguments: first } }] }),
      ...rest.map((piece) => this.#delta({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ];
  }

  close(usage: Usage, reason = this.#calls > 0 ? "tool_calls" : "stop"): string {
    const end = this.#delta({}, reason);
    return end + frame({ ...this.#head, choices: [], usage: usageOf(usage) }) + frame("[DONE]");
  }

  fail(status: number, text: string): string {
    return frame(openaiChat.error(status, text));
  }

  #delta(delta: unknown, finish: string | null = null): string {
    return frame({ ...this.#head, choices: [{ index: 0, delta, finish_reason: finish }] });
  }
}

/** OpenAI's `/v1/chat/completions`. */
export const openaiChat: Wire = {
  read(body) {
    const messages = list(body["messages"]).map((value): ModelMessage => {
      const message = record(value);
      return { role: roles[string(message["role"])] ?? "user", text: textOf(message["content"]) };
    });
    return {
      api: "openai-chat",
      model: string(body["model"]),
      stream: body["stream"] === true,
      messages,
      tools: list(body["tools"]).map(readTool),
    };
  },
  encoder: (id, model) => new ChatEncoder(id, model),
  whole(id, model, { reasoning, text, calls, usage }) {
    const toolCalls = calls.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: argumentsOf(call) },
    }));
    const message = {
      role: "assistant",
      content: text,
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: toolCalls }),
    };
    const choice = { index: 0, message, finish_reason: calls.length > 0 ? "tool_calls" : "stop" };
    return {
      id: `chatcmpl-${id}`,
      object: "chat.completion",
      created: 0,
      model,
      choices: [choice],
      usage: usageOf(usage),
    };
  },
  error: (status, text) => ({
    error: { message: text, type: status < 500 ? "invalid_request_error" : "server_error", code: status },
  }),
};
