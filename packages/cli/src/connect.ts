/** Finds the server and makes a client of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type HoldfastClient } from "@holdfast/client";
import { type ServerFile, serverFileSchema } from "@holdfast/protocol";
import type { Settings } from "./config.ts";
import { CliError, EXIT } from "./exit-code.ts";

/** A person waits: give up on a server that is not there after so many ms. */
const RETRY_DEADLINE_MS = 2_000;

export type Connection = { client: HoldfastClient; url: string };

/** Throws CliError (6) when no server is known. That it answers shows only at the first request. */
export function connect(settings: Settings): Connection {
  const url = settings.url ?? readServerFile(settings.dataDirectory)?.url;
  if (url === undefined) {
    throw new CliError(
      EXIT.unreachable,
      `No server is running for ${settings.dataDirectory}. Start one with \`holdfast serve\` (in the repository: \`npm start\`), or name one in HOLDFAST_URL.`,
    );
  }
  const token = settings.token ?? localToken(settings, url);
  const client = createClient({
    url,
    ...(token === undefined ? {} : { token }),
    limits: { retryDeadlineMs: RETRY_DEADLINE_MS },
  });
  return { client, url };
}

/** What the running server wrote about itself; a file that cannot be used counts as none. */
export function readServerFile(dataDirectory: string): ServerFile | undefined {
  try {
    const parsed = serverFileSchema.safeParse(
      JSON.parse(readFileSync(join(dataDirectory, "server.json"), "utf8")),
    );
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export const tokenFile = (dataDirectory: string): string => join(dataDirectory, "token");

export function readToken(dataDirectory: string): string | undefined {
  try {
    return readFileSync(tokenFile(dataDirectory), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** This machine's token goes to this machine's server only. */
function localToken(settings: Settings, url: string): string | undefined {
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(hostOf(url));
  return settings.url === undefined || isLocal ? readToken(settings.dataDirectory) : undefined;
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    throw new CliError(EXIT.usage, `${JSON.stringify(url)} is not the URL of a server.`);
  }
}
