import type { Clock } from "@holdfast/kernel";
import {
  type AccessCode,
  accessCodeSchema,
  SHARE_METHODS,
  type ShareMethod,
  type ShareResult,
} from "@holdfast/protocol";
import { boundedText } from "@holdfast/rpc/client";
import { CALL_MS, MOST_ANSWER_BYTES, objectIn, refusalOf, waitIn } from "./read-answer.ts";
import type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";

/** A blob may take longer than a call, in ms. */
const BLOB_MS = 120_000;

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
    call: <M extends ShareMethod>(call: ShareCall<M>) =>
      ask<ShareResult<M>>(requestOf(origin, call), (text) => {
        const parsed = SHARE_METHODS[call.method].result.safeParse(objectIn(text));
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
  const read = (text: string) => accessCodeSchema.safeParse(objectIn(text)).data;
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
    const retryAfter = response.headers.get("retry-after");
    const text = await boundedText(response, MOST_ANSWER_BYTES);
    if (text !== undefined && !response.ok)
      return refusalOf({ status: response.status, text, retryAfter }, clock.now());
    const result = text === undefined ? undefined : read(text);
    if (result !== undefined) return { outcome: "answered", result };
    const waitMs = waitIn(retryAfter, clock.now());
    const after = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    return { outcome: "unknown", reason: text === undefined ? "too long" : "strange", ...after };
  } catch (error) {
    return { outcome: "unknown", reason: signal.aborted ? "deadline" : codeOf(error) };
  }
}

/** The system's name of a failed connection; never its words. */
function codeOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "no connection";
}
