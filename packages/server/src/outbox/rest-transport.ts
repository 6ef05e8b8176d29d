import type { Clock } from "@holdfast/kernel";
import {
  type AccessCode,
  accessCodeSchema,
  ERROR_CODES,
  type ErrorCode,
  SHARE_METHODS,
  type ShareMethod,
  type ShareResult,
} from "@holdfast/protocol";
import type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";

/** A call that has not ended by then has an unknown outcome; a blob may take longer. */
const CALL_MS = 30_000;
const BLOB_MS = 120_000;
/** Most bytes of an answer that are read (S-2). */
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
/** Statuses by which a server that is none of ours says that there is no such door (S-31). */
const NO_DOOR: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 426]);

type Request = {
  url: URL;
  method: string;
  secret: string;
  body?: string | Uint8Array | undefined;
  type?: string | undefined;
  deadlineMs: number;
};

/** The share service at an origin, over REST (S-11): one request a call, no redirects, bounded answers. */
export function createRestTransport(origin: string, clock: Pick<Clock, "after" | "now">): ShareTransport {
  const open = new Set<AbortController>();
  const ask = <R>(request: Request, read: (text: string) => R | undefined): Promise<ShareAnswer<R>> => {
    const controller = new AbortController();
    open.add(controller);
    const timer = clock.after(request.deadlineMs, () => controller.abort());
    return exchange(request, controller.signal, clock, read).finally(() => {
      timer.cancel();
      open.delete(controller);
    });
  };
  return {
    name: "rest",
    call: <M extends ShareMethod>(call: ShareCall<M>) =>
      ask<ShareResult<M>>(requestOf(origin, call), (text) => {
        const parsed = SHARE_METHODS[call.method].result.safeParse(json(text));
        return parsed.success ? (parsed.data as ShareResult<M>) : undefined;
      }),
    putBlob: ({ shareId, secret, hash, bytes }) => {
      const url = new URL(`/api/shares/${shareId}/blobs/${hash}`, origin);
      // What it is, the part that shows it says.
      return ask(
        { url, method: "PUT", secret, body: bytes, type: "application/octet-stream", deadlineMs: BLOB_MS },
        () => null,
      );
    },
    close() {
      for (const controller of open) controller.abort();
    },
  };
}

/** A code by which a browser reads the list of a publish key's shares, once and within a minute (S-35). Never rejects. */
export function askListCode(
  origin: string,
  key: string,
  clock: Pick<Clock, "after" | "now">,
): Promise<ShareAnswer<AccessCode>> {
  const controller = new AbortController();
  const timer = clock.after(CALL_MS, () => controller.abort());
  const url = new URL("/api/auth/codes", origin);
  const request = {
    url,
    method: "POST",
    secret: key,
    body: "{}",
    type: "application/json",
    deadlineMs: CALL_MS,
  };
  const read = (text: string) => accessCodeSchema.safeParse(json(text)).data;
  return exchange(request, controller.signal, clock, read).finally(() => timer.cancel());
}

function requestOf(origin: string, call: ShareCall): Request {
  const { method: name, shareId, secret, args } = call;
  const [method = "GET", path = "/"] = SHARE_METHODS[name].http.split(" ");
  const url = new URL(path.replace(":shareId", shareId ?? ""), origin);
  const request: Request = { url, method, secret, deadlineMs: CALL_MS };
  if (method !== "GET" && method !== "DELETE")
    return { ...request, body: JSON.stringify(args), type: "application/json" };
  for (const [key, value] of Object.entries(args))
    if (value !== undefined) url.searchParams.set(key, String(value));
  return request;
}

async function exchange<R>(
  request: Request,
  signal: AbortSignal,
  clock: Pick<Clock, "now">,
  read: (text: string) => R | undefined,
): Promise<ShareAnswer<R>> {
  const { url, method, secret, body, type } = request;
  const headers: Record<string, string> = { authorization: `Bearer ${secret}`, accept: "application/json" };
  if (type !== undefined) headers["content-type"] = type;
  try {
    const sent = body === undefined ? {} : { body: body as NonNullable<RequestInit["body"]> };
    const response = await fetch(url, { method, headers, signal, redirect: "manual", ...sent });
    const text = await bounded(response);
    const retryAfterMs = retryAfterOf(response, clock.now());
    const after = retryAfterMs === undefined ? {} : { retryAfterMs };
    if (text === undefined) return { outcome: "unknown", reason: "too long", ...after };
    if (!response.ok) return refusalOf(response.status, text, after);
    const result = read(text);
    return result === undefined
      ? { outcome: "unknown", reason: "strange", ...after }
      : { outcome: "answered", result };
  } catch (error) {
    return { outcome: "unknown", reason: signal.aborted ? "deadline" : codeOf(error) };
  }
}

function refusalOf(status: number, text: string, after: { retryAfterMs?: number }): ShareAnswer<never> {
  const problem = json(text);
  const code = problem?.["code"];
  if (typeof code === "string" && Object.hasOwn(ERROR_CODES, code))
    return { outcome: "refused", code: code as ErrorCode, data: problem ?? {}, ...after };
  if (NO_DOOR.has(status)) return { outcome: "missing", reason: `status ${status}` };
  return { outcome: "unknown", reason: `status ${status}`, ...after };
}

/** The body as text; undefined when it is longer than it may be. */
async function bounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function json(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds, or a date. */
function retryAfterOf(response: Response, now: number): number | undefined {
  const text = response.headers.get("retry-after");
  if (text === null) return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
}

/** The system's name of a failed connection; never its words. */
function codeOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "no connection";
}
