import { errorText, MAX_TIMER_MS, within, type Clock } from "@holdfast/kernel";
/** The routes of `opencode serve` that we use, through the official SDK, each with a deadline. */
import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { isObject, object, text, type Json } from "./json.ts";
import type { Rule } from "./permission-rules.ts";
import type { InputCommand, InputPart } from "./prompt-parts.ts";
import type { ChosenModel } from "./session-facts.ts";

/** Where one server listens and what it lets in. */
export type Address = { url: string; password: string };

/** The user's name that opencode expects beside the password. */
const USER = "opencode";

/** Longest waits for an answer, in ms. The first request in a directory loads its configuration and plugins. */
export const API_TIMEOUTS = { firstMs: 60_000, requestMs: 30_000 };

/** The server refused, broke, or did not answer; `status` is absent when there was no answer. */
export class ApiError extends Error {
  readonly status: number | undefined;
  /** The connection broke, so that nobody knows what became of the request. */
  readonly isBroken: boolean;
  constructor(what: string, status: number | undefined, words: string, isBroken = false) {
    super(`${what}: ${words}`);
    this.name = "ApiError";
    this.status = status;
    this.isBroken = isBroken;
  }
}

export type PromptBody = {
  messageID: string;
  parts: InputPart[];
  model?: ChosenModel | undefined;
  system?: string | undefined;
  /** Runs this instead of giving the texts to the model. */
  command?: InputCommand | undefined;
};

/** What a handle asks of its server, in one directory. Every call rejects with an `ApiError`. */
export type OpencodeApi = {
  agents(): Promise<Json[]>;
  commands(): Promise<Json[]>;
  providers(): Promise<Json>;
  createSession(permission: Rule[]): Promise<Json>;
  /** `undefined` when there is no such session. */
  getSession(sessionId: string): Promise<Json | undefined>;
  /** Adds rules behind those that the session has. */
  addRules(sessionId: string, permission: Rule[]): Promise<Json>;
  /** Resolves when the prompt was accepted, not when it is done. */
  prompt(sessionId: string, body: PromptBody): Promise<void>;
  /** Runs a command; resolves when all that it does is done. */
  command(sessionId: string, command: InputCommand, body: PromptBody): Promise<void>;
  hasMessage(sessionId: string, messageId: string): Promise<boolean>;
  abort(sessionId: string): Promise<void>;
  isBusy(sessionId: string): Promise<boolean>;
  /** At most so many of the newest messages with their parts, oldest first. */
  messages(sessionId: string, limit: number): Promise<{ info: Json; parts: Json[] }[]>;
  permissions(): Promise<Json[]>;
  /** With words a `reject` is feedback, and opencode goes on; without them its work ends there. */
  replyPermission(requestId: string, reply: "once" | "reject", message?: string): Promise<void>;
  questions(): Promise<Json[]>;
  /** A list of labels for each question, in their order. */
  replyQuestion(requestId: string, answers: string[][]): Promise<void>;
  rejectQuestion(requestId: string): Promise<void>;
};

/** The client of one server; `directory` picks the project that it works in. */
export function sdkClient({ url, password }: Address, directory?: string): OpencodeClient {
  const credentials = Buffer.from(`${USER}:${password}`).toString("base64");
  return createOpencodeClient({
    baseUrl: url,
    headers: { authorization: `Basic ${credentials}` },
    ...(directory === undefined ? {} : { directory }),
  });
}

/** Asks for JSON health; answers the version. Rejects with an `ApiError` for anything else, a page that says 200 included. */
export async function askHealth(clock: Clock, address: Address, timeoutMs: number): Promise<string> {
  const client = sdkClient(address);
  const answer = await call(clock, "health", timeoutMs, (signal) => client.global.health({ signal }));
  const health = object(answer);
  const version = text(health["version"]);
  if (health["healthy"] === true && version !== undefined) return version.slice(0, 64);
  throw new ApiError("health", undefined, "the answer is not the health of opencode");
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value : []).filter(isObject);

/** The API of one directory. */
export function createApi(clock: Clock, address: Address, directory: string): OpencodeApi {
  const client = sdkClient(address, directory);
  const ask = <T>(
    what: string,
    run: (signal: AbortSignal) => Promise<SdkAnswer<T>>,
    ms = API_TIMEOUTS.requestMs,
  ) => call(clock, what, ms, run);
  /** Reading may be repeated: a kept connection that the server has just closed is no reason to fail. */
  const read = async <T>(...request: Parameters<typeof ask<T>>) => {
    try {
      return await ask(...request);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isBroken) throw error;
      return await ask(...request);
    }
  };
  const { firstMs } = API_TIMEOUTS;
  return {
    agents: async () => list(await read("agents", (signal) => client.app.agents({}, { signal }), firstMs)),
    commands: async () =>
      list(await read("commands", (signal) => client.command.list({}, { signal }), firstMs)),
    providers: async () =>
      object(await read("providers", (signal) => client.config.providers({}, { signal }), firstMs)),
    createSession: async (permission) =>
      object(await ask("create", (signal) => client.session.create({ permission }, { signal }), firstMs)),
    getSession: (sessionID) =>
      orMissing(async () =>
        object(await read("session", (signal) => client.session.get({ sessionID }, { signal }), firstMs)),
      ),
    addRules: async (sessionID, permission) =>
      object(
        await ask("permission", (signal) => client.session.update({ sessionID, permission }, { signal })),
      ),
    async prompt(sessionID, { messageID, parts, model, system }) {
      const optional = { ...modelOf(model), ...(system === undefined ? {} : { system }) };
      const body = { sessionID, messageID, parts, ...optional };
      await ask("prompt", (signal) => client.session.promptAsync(body, { signal }));
    },
    async command(sessionID, { name, arguments: words }, { messageID, parts, model }) {
      const files = parts.filter((part) => part.type === "file");
      const variant = model?.variant === undefined ? {} : { variant: model.variant };
      const chosen = model === undefined ? {} : { model: `${model.providerID}/${model.modelID}`, ...variant };
      const body = { sessionID, messageID, command: name, arguments: words, parts: files, ...chosen };
      await ask("command", (signal) => client.session.command(body, { signal }), MAX_TIMER_MS);
    },
    async hasMessage(sessionID, messageID) {
      const run = (signal: AbortSignal) => client.session.message({ sessionID, messageID }, { signal });
      return (await orMissing(() => read("message", run))) !== undefined;
    },
    async abort(sessionID) {
      await ask("abort", (signal) => client.session.abort({ sessionID }, { signal }));
    },
    async isBusy(sessionID) {
      const statuses = object(await read("status", (signal) => client.session.status({}, { signal })));
      const status = object(statuses[sessionID])["type"];
      return status === "busy" || status === "retry";
    },
    async messages(sessionID, limit) {
      const rows = list(
        await read("messages", (signal) => client.session.messages({ sessionID, limit }, { signal })),
      );
      return rows.map((row) => ({ info: object(row["info"]), parts: list(row["parts"]) }));
    },
    permissions: async () =>
      list(await read("permissions", (signal) => client.permission.list({}, { signal }))),
    async replyPermission(requestID, reply, message) {
      const body = { requestID, reply, ...(message === undefined ? {} : { message }) };
      await ask("reply", (signal) => client.permission.reply(body, { signal }));
    },
    // Older ones have no such route.
    questions: async () =>
      list(await orMissing(() => read("questions", (signal) => client.question.list({}, { signal })))),
    async replyQuestion(requestID, answers) {
      await ask("question", (signal) => client.question.reply({ requestID, answers }, { signal }));
    },
    async rejectQuestion(requestID) {
      await ask("question", (signal) => client.question.reject({ requestID }, { signal }));
    },
  };
}

function modelOf(model: ChosenModel | undefined) {
  if (model === undefined) return {};
  const { variant, ...rest } = model;
  return { model: rest, ...(variant === undefined ? {} : { variant }) };
}

type SdkAnswer<T> = { data?: T; error?: unknown; response?: Response | undefined };

async function call<T>(
  clock: Clock,
  what: string,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<SdkAnswer<T>>,
): Promise<T | undefined> {
  const abort = new AbortController();
  try {
    const answer = await within(clock, timeoutMs, run(abort.signal));
    if (answer === undefined) throw new ApiError(what, undefined, `no answer within ${timeoutMs / 1000} s`);
    if (answer.response?.ok === true) return answer.data;
    const { response } = answer;
    throw new ApiError(what, response?.status, wordsOf(answer.error), response === undefined);
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError(what, undefined, errorText(error));
  } finally {
    abort.abort();
  }
}

function wordsOf(error: unknown): string {
  const data = object(object(error)["data"]);
  return (
    text(data["message"]) ??
    text(object(error)["message"]) ??
    (error instanceof Error ? error.message : "refused")
  );
}

async function orMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
