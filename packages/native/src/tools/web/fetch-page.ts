/**
 * One page of the web, with every redirect looked at: its address is resolved, somebody is asked where it is not public, and the connection goes to the very
 * address that was looked at, so that a name that resolves to another one a moment later leads nowhere else.
 */
import type { LookupAddress } from "node:dns";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { Clock } from "@holdfast/kernel";
import { ToolError } from "../tool.ts";
import { privateKind } from "./address.ts";

/** Bytes of an answer, and redirects of one page. */
const MAX_BYTES = 5 * 1024 * 1024;
const MAX_REDIRECTS = 5;

export type LookUp = (host: string) => Promise<LookupAddress[]>;

/** `url`: where it was found at last. */
export type Page = { url: string; status: number; type: string; charset: string; bytes: Buffer };

export type Fetching = {
  clock: Clock;
  signal: AbortSignal;
  /** For all of it, in ms; waiting for a person counts not. */
  timeoutMs: number;
  lookUp: LookUp;
  /** Resolves when an address that is not public may be asked. */
  permitPrivate: (url: string, address: string, kind: string) => Promise<void>;
};

/** Rejects with a `ToolError` for whatever goes wrong. */
export async function fetchPage(address: URL, fetching: Fetching): Promise<Page> {
  let [url, left] = [address, fetching.timeoutMs];
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    refuseForeign(url);
    const addresses = await resolved(url, fetching, left);
    const [inner] = addresses.flatMap((each) => {
      const kind = privateKind(each.address);
      return kind === undefined ? [] : [{ address: each.address, kind }];
    });
    if (inner !== undefined) await fetching.permitPrivate(url.href, inner.address, inner.kind);
    const start = fetching.clock.monotonic();
    const answer = await askOnce(url, addresses, fetching, left);
    left -= fetching.clock.monotonic() - start;
    if (!("location" in answer)) return answer;
    const next = URL.parse(answer.location, url.href) ?? undefined;
    if (next === undefined) throw new ToolError(`${url.href} leads on to an address that is none.`);
    url = next;
  }
  throw new ToolError(`${address.href} leads on more than ${MAX_REDIRECTS} times.`);
}

function refuseForeign(url: URL): void {
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new ToolError(`Only http and https are fetched, not ${url.protocol}`);
  if (url.username !== "" || url.password !== "")
    throw new ToolError("An address with a name and password in it is not fetched.");
}

async function resolved(url: URL, fetching: Fetching, leftMs: number): Promise<LookupAddress[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const found = await inTime(fetching, leftMs, url, () =>
    fetching.lookUp(host).catch((): LookupAddress[] => []),
  );
  if (found.length === 0) throw new ToolError(`There is no host ${host}.`);
  return found;
}

/** One request, which gets nothing of this program's own: no cookies, no keys, no proxy. */
function askOnce(
  url: URL,
  addresses: LookupAddress[],
  fetching: Fetching,
  leftMs: number,
): Promise<Page | { location: string }> {
  return inTime(fetching, leftMs, url, async (signal) => {
    const response = await send(url, {
      method: "GET",
      agent: false,
      signal,
      // Whatever it asks for, only what was looked at is given.
      lookup: (_host, options, answer) => {
        const [first] = addresses;
        if (options.all === true) answer(null, addresses);
        else answer(null, first?.address ?? "", first?.family);
      },
      headers: {
        accept: "text/markdown, text/html;q=0.9, text/plain;q=0.8, */*;q=0.5",
        "accept-encoding": "identity",
        "user-agent": "holdfast",
      },
    });
    const { statusCode: status = 0, headers } = response;
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      response.destroy();
      return { location: headers.location };
    }
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      response.destroy();
      throw new ToolError(`${url.href} answers in the encoding ${encoding}, which was not asked for.`);
    }
    const [type = "", ...parameters] = (headers["content-type"] ?? "").split(";");
    const charset =
      parameters.map((each) => /^\s*charset="?([\w:-]+)/i.exec(each)?.[1]).find(Boolean) ?? "utf-8";
    const bytes = await bodyOf(url, response);
    return { url: url.href, status, type: type.trim().toLowerCase(), charset, bytes };
  });
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options, resolve);
    asked.on("error", reject);
    asked.end();
  });
}

async function bodyOf(url: URL, response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BYTES) {
      response.destroy();
      throw new ToolError(`${url.href} has more than ${MAX_BYTES} bytes.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Rejects with a `ToolError` once the time is over, or for what the network says; with the signal's reason when that aborts. */
async function inTime<T>(
  { clock, signal, timeoutMs }: Fetching,
  leftMs: number,
  url: URL,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = clock.after(Math.max(0, leftMs), () => late.abort());
  const both = AbortSignal.any([late.signal, signal]);
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => reject(new Error("left"));
  both.addEventListener("abort", leave, { once: true });
  try {
    both.throwIfAborted();
    return await Promise.race([run(both), left]);
  } catch (error) {
    signal.throwIfAborted();
    if (late.signal.aborted) throw new ToolError(`${url.href} did not answer within ${timeoutMs / 1_000} s.`);
    if (error instanceof ToolError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : "");
    throw new ToolError(`${url.href} cannot be fetched: ${code}`);
  } finally {
    timer.cancel();
    both.removeEventListener("abort", leave);
    left.catch(() => undefined);
  }
}
