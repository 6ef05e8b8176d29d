import { list, offeredTool, record, string, textOf } from "./conversation.ts";
import type { ModelMessage } from "./conversation.ts";
import type { Usage } from "./usage.ts";
import { argumentsOf, frame, piecesOf, reasonIn } from "./wire.ts";
import type { SaidCall, StreamEncoder, Wire } from "./wire.ts";

/** A user message may hold tool results and text; the results come first, as the model saw them. */
function readMessage(value: unknown): ModelMessage[] {
  const message = record(value);
  const role = message["role"] === "assistant" ? "assistant" : "user";
  if (typeof message["content"] === "string") return [{ role, text: message["content"] }];
  const parts = list(message["content"]).map(record);
  const results = parts.filter((part) => part["type"] === "tool_result");
  const rest = parts.filter((part) => part["type"] !== "tool_result" && part["type"] !== "thinking");
  const tools = results.map((part): ModelMessage => ({ role: "tool", text: textOf(part["content"]) }));
  return results.length > 0 && rest.length === 0 ? tools : [...tools, { role, text: textOf(rest) }];
}

function stopReason(calls: number): string {
  return calls > 0 ? "tool_use" : "end_turn";
}

const reasons = { length: "max_tokens", content_filter: "refusal" };

/** Its input is what came neither from the cache nor went into it. */
function usageOf(usage: Usage): Record<string, unknown> {
  const { input, output, cacheRead, cacheWrite, reasoning } = usage;
  return {
    input_tokens: input - (cacheRead ?? 0) - (cacheWrite ?? 0),
    output_tokens: output,
    ...(cacheRead === undefined ? {} : { cache_read_input_tokens: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cache_creation_input_tokens: cacheWrite }),
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}

class AnthropicEncoder implements StreamEncoder {
  readonly #id: string;
  readonly #model: string;
  #index = 0;
  #calls = 0;
  #open: "text" | "thinking" | undefined;

  constructor(id: string, model: string) {
    this.#id = id;
    this.#model = model;
  }

  open(): string {
    const head = {
      id: `msg_${this.#id}`,
      type: "message",
      role: "assistant",
      model: this.#model,
      content: [],
    };
    const usage = { input_tokens: 0, output_tokens: 0 };
    return this.#event("message_start", {
      message: { ...head, stop_reason: null, stop_sequence: null, usage },
    });
  }

  reasoning(text: string): string {
    return (
      this.#openBlock("thinking", { type: "thinking", thinking: "", signature: "" }) +
      this.#delta({ type: "thinking_delta", thinking: text })
    );
  }

  text(text: string): string {
    return this.#openBlock("text", { type: "text", text: "" }) + this.#delta({ type: "text_delta", text });
  }

  call(call: SaidCall, pieces: number): string[] {
    const before = this.#closeBlock();
    this.#calls++;
    const block = { type: "tool_use", id: call.id, name: call.name, input: {} };
    const start = this.#event("content_block_start", { index: this.#index, content_block: block });
    const deltas = piecesOf(argumentsOf(call), pieces).map((piece) =>
      this.#delta({ type: "input_json_delta", partial_json: piece }),
    );
    return [before + start, ...deltas, this.#stop()];
  }

  close(usage: Usage, reason = stopReason(this.#calls)): string {
    const before = this.#closeBlock();
    const delta = { stop_reason: reasonIn(reasons, reason), stop_sequence: null };
    const end = this.#event("message_delta", { delta, usage: usageOf(usage) });
    return before + end + this.#event("message_stop", {});
  }

  fail(status: number, text: string): string {
    return frame(anthropic.error(status, text), "error");
  }

  #openBlock(kind: "text" | "thinking", block: unknown): string {
    if (this.#open === kind) return "";
    const before = this.#closeBlock();
    this.#open = kind;
    return before + this.#event("content_block_start", { index: this.#index, content_block: block });
  }

  #closeBlock(): string {
    if (this.#open === undefined) return "";
    const signature =
      this.#open === "thinking" ? this.#delta({ type: "signature_delta", signature: "scripted" }) : "";
    this.#open = undefined;
    return signature + this.#stop();
  }

  #stop(): string {
    return this.#event("content_block_stop", { index: this.#index++ });
  }

  #delta(delta: unknown): string {
    return this.#event("content_block_delta", { index: this.#index, delta });
  }

  #event(type: string, data: Record<string, unknown>): string {
    return frame({ type, ...data }, type);
  }
}

const errorTypes: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** Anthropic's `/v1/messages`. */
export const anthropic: Wire = {
  read(body) {
    const system = textOf(body["system"]);
    const messages = list(body["messages"]).flatMap(readMessage);
    if (system !== "") messages.unshift({ role: "system", text: system });
    const tools = list(body["tools"])
      .map(record)
      .map((tool) => offeredTool(tool["name"], tool["description"], tool["input_schema"]));
    return {
      api: "anthropic",
      model: string(body["model"]),
      stream: body["stream"] === true,
      messages,
      tools,
    };
  },
  encoder: (id, model) => new AnthropicEncoder(id, model),
  whole(id, model, { reasoning, text, calls, usage }) {
    const content = [
      ...(reasoning === "" ? [] : [{ type: "thinking", thinking: reasoning, signature: "scripted" }]),
      ...(text === "" ? [] : [{ type: "text", text }]),
      ...calls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.args })),
    ];
    const head = { id: `msg_${id}`, type: "message", role: "assistant", model, content };
    return { ...head, stop_reason: stopReason(calls.length), stop_sequence: null, usage: usageOf(usage) };
  },
  error: (status, text) => ({
    type: "error",
    error: { type: errorTypes[status] ?? "api_error", message: text },
  }),
};
