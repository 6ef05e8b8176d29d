import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import type { ServerFile } from "@holdfast/protocol";
import { ConfigError } from "./config.ts";

/** Bytes of a token we make: 64 hexadecimal characters. */
const TOKEN_BYTES = 32;

/** Makes the directory, private to the user, and answers its real path. */
export function prepareDataDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return realpathSync(path);
  } catch (error) {
    throw new ConfigError(`The data directory ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The server token: the given one, else the kept one, else a new one kept in `<data dir>/token`, mode 0600. */
export function serverToken(directory: string, given: string | undefined): string {
  if (given !== undefined) return given;
  const path = join(directory, "token");
  const kept = readIfThere(path)?.trim();
  if (kept !== undefined && kept.length >= TOKEN_BYTES) {
    chmodSync(path, 0o600);
    return kept;
  }
  if (kept !== undefined && kept !== "") {
    throw new ConfigError(`${path} holds a token that is too short. Delete the file to get a new one.`);
  }
  return replaceServerToken(directory);
}

/** Keeps a new token instead of the old one. */
export function replaceServerToken(directory: string): string {
  const token = randomHex(TOKEN_BYTES);
  replaceFile(join(directory, "token"), `${token}\n`);
  return token;
}

/** Lets the CLI find this server (`<data dir>/server.json`, 0600). */
export function announceServer(directory: string, facts: ServerFile): void {
  replaceFile(join(directory, "server.json"), `${JSON.stringify(facts)}\n`);
}

export function withdrawServer(directory: string): void {
  rmSync(join(directory, "server.json"), { force: true });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function replaceFile(path: string, content: string): void {
  const temporary = `${path}.${randomHex(4)}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
