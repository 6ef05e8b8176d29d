/** Finds the server and makes a client of it. Which one is trusted with the token is decided here alone (I-6). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type HoldfastClient, type TransportLimits } from "@holdfast/client";
import type { ServerFile } from "@holdfast/protocol";
import type { Settings } from "./config.ts";
import { CliError, EXIT } from "./exit-code.ts";
import { createProvenFetch } from "./proven-fetch.ts";
import { findServer, isRunning } from "./server-file.ts";

/** A person waits: give up on a server that is not there after so many ms. */
const RETRY_DEADLINE_MS = 2_000;

/** `url` is where the server was last found. */
export type Connection = { client: HoldfastClient; readonly url: string };

type Fetch = typeof fetch;

/**
 * Throws CliError (6) when no server is known. That it answers shows only at the first request. A server that was found by its file proves itself on
 * every connection, and is found again where it lives when it was started anew; one that was named by hand is trusted.
 */
export function connect(settings: Settings, limits: Partial<TransportLimits> = {}): Connection {
  const { url: named, dataDirectory } = settings;
  const place = named === undefined ? new LocalServer(dataDirectory) : { url: named, fetch };
  const isLocal = named === undefined || ["127.0.0.1", "localhost", "[::1]"].includes(hostOf(named));
  const token = () => settings.token ?? (isLocal ? readToken(dataDirectory) : undefined);
  const client = createClient({
    url: place.url,
    fetch: withToken(place.fetch, token),
    limits: { retryDeadlineMs: RETRY_DEADLINE_MS, ...limits },
  });
  return {
    client,
    get url() {
      return place.url;
    },
  };
}

/** The server of a data directory, wherever it lives now. */
class LocalServer {
  readonly #dataDirectory: string;
  readonly #fetch = createProvenFetch();
  #file: ServerFile;

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
    const found = findServer(dataDirectory);
    if (found.state !== "running") throw noServer(dataDirectory, found.state === "none" ? "" : found.why);
    this.#file = found.file;
  }

  get url(): string {
    return this.#file.url;
  }

  fetch: Fetch = (input, init = {}) => {
    const found = findServer(this.#dataDirectory);
    if (found.state === "running") this.#file = found.file;
    // One that stops has taken its file away already, and still answers.
    else if (!isRunning(this.#file)) return Promise.reject(noServer(this.#dataDirectory, ""));
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const { method, body, signal } = init;
    return this.#fetch(this.#file, pathname + search, {
      headers: new Headers(init.headers),
      ...(method === undefined ? {} : { method }),
      ...(typeof body === "string" ? { body } : {}),
      ...(signal instanceof AbortSignal ? { signal } : {}),
    });
  };
}

function noServer(dataDirectory: string, why: string): CliError {
  const ways =
    "Start one with `holdfast serve --detach` (in the repository: `npm start`), or name one in HOLDFAST_URL.";
  return new CliError(
    EXIT.unreachable,
    `No server is running for ${dataDirectory}. ${why === "" ? "" : `${why} `}${ways}`,
  );
}

/** The token may be replaced while we work: it is read for each request, and once more when it was refused. */
function withToken(send: Fetch, tokenNow: () => string | undefined): Fetch {
  return async (input, init) => {
    const by = (token: string | undefined) => {
      const headers = new Headers(init?.headers);
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      return send(input, { ...init, headers });
    };
    const token = tokenNow();
    const response = await by(token);
    if (response.status !== 401) return response;
    const newer = tokenNow();
    if (newer === token) return response;
    await response.body?.cancel();
    return by(newer);
  };
}

export const tokenFile = (dataDirectory: string): string => join(dataDirectory, "token");

export function readToken(dataDirectory: string): string | undefined {
  try {
    return readFileSync(tokenFile(dataDirectory), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    throw new CliError(EXIT.usage, `${JSON.stringify(url)} is not the URL of a server.`);
  }
}
