/**
 * Requests to the server of this machine (I-6). A connection is proven before anything else is said on it: it answers a fresh nonce with the key of
 * the server's file, for the address that it was reached at. Whoever took the port of a dead server cannot, whatever it heard or passes on.
 *
 *   connect ─► nonce ─► proof ─(right)─► requests, one after another ─► closed; never made again
 *                         └─(wrong, silent)─► closed, and nothing was told
 *
 * So a server that ends between two requests, or in the middle of a stream, takes its proof with it. No redirect is followed and no proxy is asked.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Agent, type ClientRequestArgs, type IncomingMessage, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { proofText, type ServerFile, serverProofSchema } from "@holdfast/protocol";

/** How long a server may take to prove itself, in ms, and bytes of the answer. */
const PROOF_MS = 10_000;
const PROOF_BYTES = 1_024;

type ServerAddress = Pick<ServerFile, "url" | "key">;
type Asked = { method?: string; headers?: Headers; body?: string; signal?: AbortSignal };

/** An agent of one connection, which is never made again. */
class SingleConnection extends Agent {
  readonly key: string;
  socket: Socket | undefined;
  /** Somebody took the connection. */
  isTaken = false;

  constructor(key: string) {
    super({ keepAlive: true, maxSockets: 1 });
    this.key = key;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Socket | undefined {
    if (this.socket === undefined) {
      this.socket = super.createConnection(options, callback) as Socket;
      this.socket.once("connect", () => (this.isTaken = true));
      return this.socket;
    }
    const { socket } = this;
    process.nextTick(() => callback?.(new Error("The connection was closed."), socket));
    return undefined;
  }
}

export type ProvenFetch = (place: ServerAddress, path: string, asked: Asked) => Promise<Response>;

/** Keeps connections for the next request; each serves one place. */
export function createProvenFetch(): ProvenFetch {
  const free: SingleConnection[] = [];
  return async (place, path, asked) => {
    asked.signal?.throwIfAborted();
    let connection = free.pop();
    while (
      connection !== undefined &&
      (connection.socket?.destroyed !== false || connection.key !== place.key)
    ) {
      connection.destroy();
      connection = free.pop();
    }
    const used = connection ?? (await openProven(place, asked.signal));
    return send(
      used,
      place.url + path,
      asked,
      (isWhole) => void (isWhole ? free.push(used) : used.destroy()),
    );
  };
}

/** A connection to whoever has proven to be the server of this file. Rejects with words for a person. */
async function openProven(place: ServerAddress, signal: AbortSignal | undefined): Promise<SingleConnection> {
  const connection = new SingleConnection(place.key);
  const deadline = AbortSignal.timeout(PROOF_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const failure = await prove(connection, place, stop).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (failure === undefined) return connection;
  connection.destroy();
  if (!connection.isTaken) throw failure;
  throw new Error(
    `What answers there has not proven to be the server; it was told nothing secret (${failure.message}).`,
  );
}

async function prove(
  connection: SingleConnection,
  { url, key }: ServerAddress,
  signal: AbortSignal,
): Promise<void> {
  const nonce = randomBytes(32).toString("hex");
  const response = await send(connection, `${url}/api/auth/proof?nonce=${nonce}`, { signal });
  const isShort = Number(response.headers.get("content-length") ?? Number.POSITIVE_INFINITY) <= PROOF_BYTES;
  const answer = response.ok && isShort ? serverProofSchema.safeParse(await response.json()).data : undefined;
  const expected = createHmac("sha256", Buffer.from(key, "hex"))
    .update(proofText(nonce, connection.socket?.remoteAddress, connection.socket?.remotePort))
    .digest();
  const given = Buffer.from(answer?.proof ?? "", "hex");
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new Error(`no proof, HTTP ${response.status}`);
}

/** One request. `over` hears when it is done, and whether the connection may be used again. */
function send(
  connection: SingleConnection,
  url: string,
  { method = "GET", headers, body, signal }: Asked,
  over: (isWhole: boolean) => void = () => undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const asked = httpRequest(url, {
      agent: connection,
      method,
      headers: { ...Object.fromEntries(headers ?? []), ...length },
      ...(signal === undefined ? {} : { signal }),
    });
    asked.once("response", (incoming) => {
      incoming.once("close", () => over(incoming.complete && connection.socket?.destroyed === false));
      try {
        resolve(responseOf(incoming));
      } catch (error) {
        asked.destroy();
        reject(error instanceof Error ? error : new Error("It is no answer."));
      }
    });
    asked.on("error", (error) => {
      over(false);
      reject(error);
    });
    asked.end(body);
  });
}

function responseOf(incoming: IncomingMessage): Response {
  const { statusCode: status = 0, rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  if (status !== 204 && status !== 304)
    return new Response(Readable.toWeb(incoming) as ReadableStream, { status, headers });
  incoming.resume();
  return new Response(null, { status, headers });
}
