import { list, offeredTool, record, string, textOf } from "./conversation.ts";
import type { ModelMessage } from "./conversation.ts";
import type { Usage } from "./usage.ts";
import { argumentsOf, frame, piecesOf, reasonIn } from "./wire.ts";
import type { SaidCall, StreamEncoder, Wire } from "./wire.ts";

function usageOf(usage: Usage): unknown {
  return {
    input_tokens: usage.input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  };
}

function readItem(value: unknown): ModelMessage {
  const item = record(value);
  const type = string(item["type"]);
  if (type.endsWith("_call_output")) return { role: "tool", text: textOf(item["output"]) };
  if (type.endsWith("_call") || type === "reasoning") return { role: "assistant", text: "" };
  const role = string(item["role"]);
  if (role === "system" || role === "developer") return { role: "system", text: textOf(item["content"]) };
  return { role: role === "assistant" ? "assistant" : "user", text: textOf(item["content"]) };
}

function messageItem(id: string, text: string): Record<string, unknown> {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { type: "message", id: `msg_${id}`, status: "completed", role: "assistant", content };
}

function callItem(call: SaidCall): Record<string, unknown> {
  const item = { type: "function_call", id: `fc_${call.id}`, call_id: call.id, name: call.name };
  return { ...item, arguments: argumentsOf(call), status: "completed" };
}

/** Who keeps the conversation itself asks for reasoning that can be given back. */
const SEALED = "reasoning.encrypted_content";

function reasoningItem(id: string, text: string, isSealed: boolean): Record<string, unknown> {
  const item = { type: "reasoning", id: `rs_${id}`, summary: [{ type: "summary_text", text }] };
  return isSealed ? { ...item, encrypted_content: "scripted" } : item;
}

const reasons = { length: "max_output_tokens" };
const codes: Record<number, string> = { 429: "rate_limit_exceeded" };

class ResponsesEncoder implements StreamEncoder {
  readonly #id: string;
  readonly #model: string;
  readonly #isSealed: boolean;
  readonly #output: Record<string, unknown>[] = [];
  #sequence = 0;
  #open: { kind: "message" | "reasoning"; text: string } | undefined;

  constructor(id: string, model: string, isSealed: boolean) {
    this.#id = id;
    this.#model = model;
    this.#isSealed = isSealed;
  }

  open(): string {
    return this.#event("response.created", { response: this.#response("in_progress") });
  }

  reasoning(text: string): string {
    const before = this.#openItem("reasoning");
    const at = { item_id: `rs_${this.#id}`, output_index: this.#output.length, summary_index: 0 };
    return before + this.#event("response.reasoning_summary_text.delta", { ...at, delta: this.#grow(text) });
  }

  text(text: string): string {
    const before = this.#openItem("message");
    const at = { item_id: `msg_${this.#id}`, output_index: this.#output.length, content_index: 0 };
    return before + this.#event("response.output_text.delta", { ...at, delta: this.#grow(text) });
  }

  call(call: SaidCall, pieces: number): string[] {
    const before = this.#closeItem();
    const item = callItem(call);
    const at = { output_index: this.#output.length };
    const added = this.#event("response.output_item.added", {
      ...at,
      item: { ...item, arguments: "", status: "in_progress" },
    });
    const whole = { ...at, item_id: item["id"], arguments: item["arguments"] };
    const deltas = piecesOf(argumentsOf(call), pieces).map((piece) =>
      this.#event("response.function_call_arguments.delta", { ...at, item_id: item["id"], delta: piece }),
    );
    const done =
      this.#event("response.function_call_arguments.done", whole) +
      this.#event("response.output_item.done", { ...at, item });
    this.#output.push(item);
    return [before + added, ...deltas, done];
  }

  close(usage: Usage, reason?: string): string {
    const before = this.#closeItem();
    const status = reason === undefined ? "completed" : "incomplete";
    const why = reason === undefined ? {} : { incomplete_details: { reason: reasonIn(reasons, reason) } };
    const response = { ...this.#response(status), ...why, usage: usageOf(usage) };
    return before + this.#event(`response.${status}`, { response });
  }

  fail(status: number, text: string): string {
    const error = {
      code: codes[status] ?? (status < 500 ? "invalid_request_error" : "server_error"),
      message: text,
    };
    return this.#event("response.failed", { response: { ...this.#response("failed"), error } });
  }

  #grow(text: string): string {
    if (this.#open !== undefined) this.#open.text += text;
    return text;
  }

  #openItem(kind: "message" | "reasoning"): string {
    if (this.#open?.kind === kind) return "";
    const before = this.#closeItem();
    this.#open = { kind, text: "" };
    const at = { output_index: this.#output.length };
    const item: Record<string, unknown> =
      kind === "message"
        ? { ...messageItem(this.#id, ""), status: "in_progress", content: [] }
        : { ...reasoningItem(this.#id, "", this.#isSealed), summary: [] };
    const added = before + this.#event("response.output_item.added", { ...at, item });
    const part = {
      type: kind === "message" ? "output_text" : "summary_text",
      text: "",
      ...(kind === "message" ? { annotations: [] } : {}),
    };
    const where = { ...at, item_id: item["id"], part };
    if (kind === "message")
      return added + this.#event("response.content_part.added", { ...where, content_index: 0 });
    return added + this.#event("response.reasoning_summary_part.added", { ...where, summary_index: 0 });
  }

  #closeItem(): string {
    if (this.#open === undefined) return "";
    const { kind, text } = this.#open;
    this.#open = undefined;
    const item =
      kind === "message" ? messageItem(this.#id, text) : reasoningItem(this.#id, text, this.#isSealed);
    const at = { item_id: item["id"], output_index: this.#output.length };
    const done =
      kind === "message"
        ? this.#event("response.output_text.done", { ...at, content_index: 0, text })
        : this.#event("response.reasoning_summary_text.done", { ...at, summary_index: 0, text });
    const end = this.#event("response.output_item.done", { output_index: this.#output.length, item });
    this.#output.push(item);
    return done + end;
  }

  #response(status: string): Record<string, unknown> {
    return {
      id: `resp_${this.#id}`,
      object: "response",
      created_at: 0,
      model: this.#model,
      status,
      output: [...this.#output],
    };
  }

  #event(type: string, data: Record<string, unknown>): string {
    return frame({ type, sequence_number: this.#sequence++, ...data }, type);
  }
}

/** OpenAI's `/v1/responses`. */
export const openaiResponses: Wire = {
  read(body) {
    const input = body["input"];
    const items =
      typeof input === "string"
        ? [{ role: "user", text: input } satisfies ModelMessage]
        : list(input).map(readItem);
    const instructions = string(body["instructions"]);
    const messages: ModelMessage[] =
      instructions === "" ? items : [{ role: "system", text: instructions }, ...items];
    const tools = list(body["tools"])
      .map(record)
      .map((tool) => offeredTool(tool["name"], tool["description"], tool["parameters"]));
    return {
      api: "openai-responses",
      model: string(body["model"]),
      stream: body["stream"] === true,
      messages,
      tools,
    };
  },
  encoder: (id, model, body) => new ResponsesEncoder(id, model, list(body["include"]).includes(SEALED)),
  whole(id, model, { reasoning, text, calls, usage }) {
    const output = [
      ...(reasoning === "" ? [] : [reasoningItem(id, reasoning, false)]),
      ...(text === "" ? [] : [messageItem(id, text)]),
      ...calls.map(callItem),
    ];
    return {
      id: `resp_${id}`,
      object: "response",
      created_at: 0,
      model,
      status: "completed",
      output,
      usage: usageOf(usage),
    };
  },
  error: (status, text) => ({
    error: {
      message: text,
      type: status < 500 ? "invalid_request_error" : "server_error",
      code: String(status),
    },
  }),
};
