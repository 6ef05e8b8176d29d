/*
 * The scripted model server: HTTP on loopback, one answer per request, every request recorded.
 * Nothing outlives close(): open streams (HANG, SLOW) are cut, timers end with them. Memory is bounded: the oldest
 * recorded requests go first, by number and by bytes.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseAnswer, FailureCounts } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { anthropic } from "./anthropic.ts";
import { record } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { gemini } from "./gemini.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiResponses } from "./openai-responses.ts";
import { PromptCache } from "./prompt-cache.ts";
import { RequestLog } from "./request-log.ts";
import type { ModelRequest } from "./request-log.ts";
import { tokensOf, type Usage } from "./usage.ts";
import type { SaidCall, WholeAnswer, Wire } from "./wire.ts";

/** Largest request body, in bytes; more is answered 413. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** How the server is started. */
export interface ModelOptions {
  /** Port on 127.0.0.1; 0 (the default) is any free one. */
  port?: number;
  /** Model ids that the lists name; any id is answered. Default `fake-1`. */
  models?: string[];
  /** Tokens of input above which a request is refused as too long, in the words of each provider. Default: none is. */
  context?: number;
  /** Answers tell what was read from a prompt cache, written to it and thought. Default: they tell input and output alone. */
  details?: boolean;
}

/** A running scripted model. */
export interface ScriptedModel {
  /** `http://127.0.0.1:<port>`, without `/v1`. */
  url: string;
  port: number;
  /** Recorded requests, oldest first; a live view. */
  requests: readonly ModelRequest[];
  /** Resolves with the first recorded request, past or coming, that matches; rejects after `timeoutMs`. */
  waitForRequest(matches: (request: ModelRequest) => boolean, timeoutMs: number): Promise<ModelRequest>;
  /** Stops listening and cuts what is open. Safe to call twice. */
  close(): Promise<void>;
}

/** What one model remembers between requests. */
interface Memory {
  options: ModelOptions;
  log: RequestLog;
  failures: FailureCounts;
  cache: PromptCache;
}

interface Exchange {
  memory: Memory;
  wire: Wire;
  conversation: Conversation;
  answer: Answer;
  request: ModelRequest;
  response: ServerResponse;
  left: AbortSignal;
}

function wireFor(path: string): Wire | undefined {
  if (path.endsWith("/chat/completions")) return openaiChat;
  if (path.endsWith("/responses")) return openaiResponses;
  if (path.endsWith("/messages")) return anthropic;
  return /models\/[^/]+:(streamGenerateContent|generateContent)$/.test(path) ? gemini : undefined;
}

/** How each provider says that a request is too long. */
function tooLong(wire: Wire, size: number, context: number): [status: number, text: string] {
  if (wire === anthropic) return [400, `prompt is too long: ${size} tokens > ${context} maximum`];
  if (wire === gemini)
    return [
      400,
      `The input token count (${size}) exceeds the maximum number of tokens allowed (${context}).`,
    ];
  if (wire === openaiResponses)
    return [
      400,
      "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ];
  return [
    400,
    `This model's maximum context length is ${context} tokens. However, you requested ${size} tokens.`,
  ];
}

/** Starts a scripted model on a free port of 127.0.0.1. */
export async function startModel(options: ModelOptions = {}): Promise<ScriptedModel> {
  const models = options.models ?? ["fake-1"];
  const log = new RequestLog();
  const memory: Memory = { options, log, failures: new FailureCounts(), cache: new PromptCache() };
  const server = createServer((request, response) => {
    respond(request, response, models, memory).catch(() => response.destroy());
  });
  // A HANG may last as long as its client likes.
  server.requestTimeout = 0;
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: log.requests,
    waitForRequest: (matches, timeoutMs) => log.waitFor(matches, timeoutMs),
    close: () => (closed ??= end(server)),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}

async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  models: string[],
  memory: Memory,
): Promise<void> {
  const path = new URL(incoming.url ?? "/", "http://model").pathname;
  if (incoming.method === "GET" && path.endsWith("/models"))
    return json(response, 200, modelList(path, models));
  if (incoming.method !== "POST")
    return json(response, 404, openaiChat.error(404, `no ${incoming.method} ${path} here`));
  const raw = await readBody(incoming);
  if (raw === undefined)
    return json(response, 413, openaiChat.error(413, `a body is at most ${MAX_BODY_BYTES} bytes`));
  if (/(:countTokens|\/count_tokens)$/.test(path))
    return json(response, 200, { totalTokens: tokensOf(raw), input_tokens: tokensOf(raw) });
  const wire = wireFor(path);
  if (wire === undefined) return json(response, 404, openaiChat.error(404, `no POST ${path} here`));
  const body = parse(raw);
  if (body === undefined) return json(response, 400, wire.error(400, "the body is not a JSON object"));
  const conversation = wire.read(body, path);
  const size = inputTokens(conversation);
  if (size > (memory.options.context ?? Infinity)) {
    const [status, text] = tooLong(wire, size, memory.options.context ?? 0);
    return json(response, status, wire.error(status, text));
  }
  const answer = chooseAnswer(conversation, memory.failures);
  const request = memory.log.add(
    {
      path,
      body,
      conversation,
      answer: answer.index,
      ...(answer.side === undefined ? {} : { side: answer.side }),
    },
    raw.length,
  );
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) request.aborted = true;
    request.ended = true;
    gone.abort();
  });
  await play({ memory, wire, conversation, answer, request, response, left: gone.signal });
}

/** Plays the beats of an answer until its end, its failure or the client's leaving. */
async function play(exchange: Exchange): Promise<void> {
  const { memory, wire, conversation, answer, request, response, left } = exchange;
  const encoder = wire.encoder(String(request.number), conversation.model, request.body);
  const whole: WholeAnswer = {
    reasoning: "",
    text: "",
    calls: [],
    usage: { input: inputTokens(conversation), output: 0 },
  };
  if (memory.options.details === true)
    whole.usage = { output: 0, ...memory.cache.read(conversation.api, request.body) };
  let told: Usage | undefined;
  let pieces = { count: 1, pauseMs: 0 };
  let begun = false;
  const send = async (frames: string): Promise<void> => {
    if (!conversation.stream) return;
    const head = begun ? "" : encoder.open();
    if (!begun) response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    begun = true;
    if (head + frames !== "") await written(response, head + frames, left);
  };
  let reason: string | undefined;
  for (const beat of answer.beats) {
    if (left.aborted) return;
    if (beat.kind === "crash") return void response.destroy();
    if (beat.kind === "cut") return void response.end();
    if (beat.kind === "hang") return hang(response, conversation.stream, begun);
    if (beat.kind === "fail") {
      if (begun) return void response.end(encoder.fail(beat.status, beat.text));
      const { status, headers, body } = beat;
      return json(response, status, body ?? wire.error(status, beat.text), headers);
    }
    if (beat.kind === "pause") await pause(beat.ms, left);
    else if (beat.kind === "end") reason = beat.reason;
    else if (beat.kind === "usage") told = beat.usage;
    else if (beat.kind === "pieces") pieces = beat;
    else if (beat.kind === "call") {
      const { kind: _, ...said } = beat;
      const call: SaidCall = { id: `call_${request.number}_${whole.calls.length}`, ...said };
      whole.calls.push(call);
      for (const frames of encoder.call(call, pieces.count)) {
        await send(frames);
        if (pieces.pauseMs > 0) await pause(pieces.pauseMs, left);
      }
    } else {
      whole[beat.kind] += beat.text;
      await send(encoder[beat.kind](beat.text));
    }
  }
  if (left.aborted) return;
  if (memory.options.details === true) whole.usage.reasoning = tokensOf(whole.reasoning);
  whole.usage.output = tokensOf(whole.reasoning + whole.text + JSON.stringify(whole.calls));
  whole.usage = told ?? whole.usage;
  request.usage = whole.usage;
  await send("");
  if (conversation.stream) response.end(encoder.close(whole.usage, reason));
  else json(response, 200, wire.whole(String(request.number), conversation.model, whole));
}

function hang(response: ServerResponse, stream: boolean, begun: boolean): void {
  if (!stream || begun) return;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
}

async function pause(ms: number, left: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: left }).catch(() => undefined);
}

/** Resolves when the bytes left this process (a CRASH right after must not take them back) or the client left. */
function written(response: ServerResponse, frames: string, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      left.removeEventListener("abort", done);
      resolve();
    };
    left.addEventListener("abort", done, { once: true });
    response.write(frames, done);
  });
}

async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is still read, so that the client gets its 413 instead of a cut connection.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString("utf8");
}

function parse(raw: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? record(value) : undefined;
  } catch {
    return undefined;
  }
}

function modelList(path: string, models: string[]): unknown {
  if (path.includes("v1beta"))
    return { models: models.map((name) => ({ name: `models/${name}`, displayName: name })) };
  return {
    object: "list",
    data: models.map((id) => ({ id, object: "model", created: 0, owned_by: "scripted" })),
    has_more: false,
  };
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}

function inputTokens(conversation: Conversation): number {
  return conversation.messages.reduce((sum, message) => sum + tokensOf(message.text), 0);
}
