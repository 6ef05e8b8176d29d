/**
 * Requests to one server: credentials, idempotency keys, timeouts and the retries that are safe (D-5). A request is repeated only when
 * it may be: GET, PATCH and DELETE by their meaning, POST because each carries its key; only after a broken connection or a 503 that
 * invites it; and only until the deadline. Browser-safe.
 */
import { ERROR_CODES, problemSchema, PROTOCOL_HEADER, PROTOCOL_VERSIONS } from "@holdfast/protocol";
import { backoffMs, delay } from "./delay.ts";
import {
  type ApiProblem,
  HoldfastApiError,
  HoldfastConnectionError,
  HoldfastContractError,
} from "./error.ts";

export type TransportLimits = {
  /** Longest wait for one answer, in ms. */
  requestTimeoutMs: number;
  /** Retries of one request. */
  retries: number;
  /** No retry begins later than this after the first try, in ms. */
  retryDeadlineMs: number;
  /** First and longest delay between tries, in ms. */
  retryBaseMs: number;
  retryCapMs: number;
};

export const TRANSPORT_LIMITS: TransportLimits = {
  requestTimeoutMs: 30_000,
  retries: 5,
  retryDeadlineMs: 30_000,
  retryBaseMs: 200,
  retryCapMs: 5_000,
};

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type RequestOptions = {
  query?: Query | undefined;
  body?: unknown;
  /** Of a POST; made when absent. */
  idempotencyKey?: string | undefined;
  /** Instead of the limit, for requests that wait at the server. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
};

export type Answer<T> = { status: number; value: T; replayed: boolean };

/** What checks and types an answer: a protocol schema, or something alike. */
export type Shape<T> = {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { message: string } };
};

export type Transport = {
  /** Sends and parses the answer's JSON. Rejects with HoldfastApiError, HoldfastConnectionError, HoldfastContractError, or the signal's reason. */
  send: <T>(method: Method, path: string, shape: Shape<T>, options?: RequestOptions) => Promise<Answer<T>>;
  /** One try; the caller reads the body. Rejects as `send` does, but knows no retry. */
  open: (
    path: string,
    options: { query?: Query; headers?: Record<string, string>; signal: AbortSignal },
  ) => Promise<Response>;
};

type Method = "GET" | "POST" | "PATCH" | "DELETE";

export type TransportConfig = {
  url: string;
  token?: string | undefined;
  fetch?: typeof fetch | undefined;
  limits?: Partial<TransportLimits> | undefined;
};

/** A problem as a newer server may send it: any code. */
const looseProblemSchema = problemSchema.extend({ code: problemSchema.shape.title });

export function createTransport(config: TransportConfig): Transport {
  const limits = { ...TRANSPORT_LIMITS, ...config.limits };
  const send = config.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  const base = config.url.replace(/\/+$/, "");
  const always: Record<string, string> = {
    [PROTOCOL_HEADER]: PROTOCOL_VERSIONS.join(","),
    ...(config.token === undefined ? {} : { authorization: `Bearer ${config.token}` }),
  };

  const once = async (
    method: Method,
    path: string,
    headers: Record<string, string>,
    options: RequestOptions,
  ) => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? limits.requestTimeoutMs);
    const init: RequestInit = {
      method,
      headers: { accept: "application/json", ...always, ...headers },
      signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
      redirect: "error",
    };
    if (options.body !== undefined) init.body = JSON.stringify(options.body);
    try {
      const response = await send(base + path + queryText(options.query), init);
      return { response, text: await response.text() };
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new HoldfastConnectionError(connectionText(base, error), error);
    }
  };

  return {
    async send(method, path, shape, options = {}) {
      const headers: Record<string, string> = {};
      if (options.body !== undefined) headers["content-type"] = "application/json";
      if (method === "POST") headers["idempotency-key"] = options.idempotencyKey ?? newIdempotencyKey();
      const deadline = performance.now() + limits.retryDeadlineMs;
      let uncertain = false;
      for (let attempt = 1; ; attempt += 1) {
        try {
          const { response, text } = await once(method, path, headers, options);
          if (response.ok) return answer(response, text, shape);
          const error = refusal(response, text);
          // The try before may have deleted it, and its answer got lost.
          if (uncertain && method === "DELETE" && error.code === "NOT_FOUND")
            return answer(response, "", shape);
          throw error;
        } catch (error) {
          uncertain ||= error instanceof HoldfastConnectionError;
          const wait = Math.max(
            backoffMs(attempt, { baseMs: limits.retryBaseMs, capMs: limits.retryCapMs }, Math.random()),
            retryAfterOf(error),
          );
          if (!invitesRetry(error) || attempt > limits.retries || performance.now() + wait > deadline)
            throw error;
          await delay(wait, options.signal);
          options.signal?.throwIfAborted();
        }
      }
    },

    async open(path, options) {
      const headers = { ...always, ...options.headers };
      let response: Response;
      try {
        response = await send(base + path + queryText(options.query), {
          headers,
          signal: options.signal,
          redirect: "error",
        });
      } catch (error) {
        throw new HoldfastConnectionError(connectionText(base, error), error);
      }
      if (response.ok) return response;
      const text = await response.text().catch(() => "");
      throw refusal(response, text);
    },
  };
}

function answer<T>(response: Response, text: string, shape: Shape<T>): Answer<T> {
  const parsed = shape.safeParse(text === "" ? undefined : parseJson(text));
  if (!parsed.success) {
    throw new HoldfastContractError(
      `The answer of ${pathOf(response)} does not have the expected shape: ${parsed.error.message}`,
    );
  }
  return {
    status: response.status,
    value: parsed.data,
    replayed: response.headers.get("idempotency-replayed") === "true",
  };
}

/** What a server refused with, also one that is none of ours. */
export function refusal(response: Response, text: string): HoldfastApiError {
  const parsed = looseProblemSchema.safeParse(parseJson(text));
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
  return new HoldfastApiError(parsed.success ? parsed.data : foreignProblem(response), retryAfterMs);
}

/** Something that is not our server answered: a proxy, or another program on the port. */
function foreignProblem(response: Response): ApiProblem {
  const known = Object.entries(ERROR_CODES).find(([, row]) => row.status === response.status);
  return {
    type: "about:blank",
    title: known?.[1].title ?? "The request failed",
    status: response.status,
    code: known?.[0] ?? "INTERNAL",
    detail: `HTTP ${response.status} without a problem document from ${pathOf(response)}.`,
    requestId: response.headers.get("x-request-id") ?? "",
  };
}

function invitesRetry(error: unknown): boolean {
  if (error instanceof HoldfastConnectionError) return true;
  if (!(error instanceof HoldfastApiError) || error.status !== 503) return false;
  const row = error.code in ERROR_CODES ? ERROR_CODES[error.code as keyof typeof ERROR_CODES] : undefined;
  return row?.retry !== "never";
}

function retryAfterOf(error: unknown): number {
  return error instanceof HoldfastApiError ? (error.retryAfterMs ?? 0) : 0;
}

function queryText(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function connectionText(base: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  const text = cause ?? (error instanceof Error ? error.message : String(error));
  return `No answer from ${base}: ${text}`;
}

function pathOf(response: Response): string {
  return response.url === "" ? "the server" : new URL(response.url).pathname;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** 128 random bits; `randomUUID` is missing on pages that are not a secure context. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
