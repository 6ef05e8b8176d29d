import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { replaceWhole } from "./config-file.ts";
import { readToken, tokenFile } from "./connect.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { findServer } from "./server-file.ts";

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
 * Replaces the token and ends every browser token (I-6): through the server while one runs, else in the data directory, where the next start
 * takes it. Browser tokens of a server that is down are ended when it is rotated again while it runs.
 */
export async function rotate(context: Context): Promise<ExitCode> {
  const { dataDirectory, token, url } = context.settings;
  if (token !== undefined) {
    throw new CliError(EXIT.usage, "The token comes from HOLDFAST_TOKEN; replace it where that is set.");
  }
  if (!existsSync(dataDirectory)) throw new CliError(EXIT.notFound, `${dataDirectory} does not exist.`);
  const found = findServer(dataDirectory);
  // Perhaps one runs, and would go on with the old token.
  if (url === undefined && found.state === "unusable") throw new CliError(EXIT.conflict, found.why);
  const path = tokenFile(dataDirectory);
  const isRunning = url !== undefined || found.state === "running";
  if (isRunning) await context.connect().client.rotateToken();
  else replaceWhole(path, `${randomBytes(TOKEN_BYTES).toString("hex")}\n`);
  if (context.isJson) context.output.json({ path, browserTokensRevoked: isRunning });
  else context.output.note(`${path} holds a new token.`);
  return EXIT.completed;
}
