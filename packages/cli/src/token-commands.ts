import { randomBytes } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { createClient } from "@holdfast/client";
import { readServerFile, readToken, tokenFile } from "./connect.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";

/** Bytes of a token: 64 hexadecimal characters. */
const TOKEN_BYTES = 32;

export function show(context: Context): ExitCode {
  const { token: given, dataDirectory } = context.settings;
  const token = given ?? readToken(dataDirectory);
  if (token === undefined) {
    throw new CliError(
      EXIT.notFound,
      `There is no token in ${dataDirectory} yet; the server makes one at its first start.`,
    );
  }
  if (context.isJson)
    context.output.json({ token, source: given === undefined ? tokenFile(dataDirectory) : "HOLDFAST_TOKEN" });
  else context.output.line(token);
  return EXIT.completed;
}

/**
 * Replaces the token in the data directory; the server takes it at its next start. A running server would go on with the old one, and its
 * browser tokens would stay good, so it must be stopped first.
 */
export async function rotate(context: Context): Promise<ExitCode> {
  const { dataDirectory, token } = context.settings;
  if (token !== undefined) {
    throw new CliError(EXIT.usage, "The token comes from HOLDFAST_TOKEN; replace it where that is set.");
  }
  if (!existsSync(dataDirectory)) throw new CliError(EXIT.notFound, `${dataDirectory} does not exist.`);
  const url = readServerFile(dataDirectory)?.url;
  if (url !== undefined && (await answers(url))) {
    throw new CliError(
      EXIT.conflict,
      `A server runs at ${url} and holds the old token. Stop it, rotate, and start it again.`,
    );
  }
  const path = tokenFile(dataDirectory);
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  writeFileSync(temporary, `${randomBytes(TOKEN_BYTES).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  renameSync(temporary, path);
  if (context.isJson) context.output.json({ path });
  else context.output.note(`${path} holds a new token.`);
  return EXIT.completed;
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, limits: { retries: 0, requestTimeoutMs: 3_000 } });
  return client.health().then(
    () => true,
    () => false,
  );
}
