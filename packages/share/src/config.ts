import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { dataDirectoryOf } from "@holdfast/protocol";

/** What a start was told on its command line. */
export type ShareFlags = {
  dataDirectory?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  logLevel?: string | undefined;
  allowedHosts?: readonly string[] | undefined;
  /** A TLS proxy stands in front (I-6), and says whom it speaks for. */
  behindProxy?: boolean | undefined;
  insecureHttp?: boolean | undefined;
  /** MiB of rows, contents and comments of one share. */
  quotaMib?: number | undefined;
  /** Where the pages are; absent: the API alone. */
  pageDirectory?: string | undefined;
  /** Beside a server, with which it ends (S-29). */
  embedded?: boolean | undefined;
};

export type ShareConfig = {
  directory: string;
  host: string;
  port: number;
  keys: string[];
  allowedHosts: readonly string[];
  behindProxy: boolean;
  insecureHttp: boolean;
  logLevel: string;
  quotaBytes: number | undefined;
  pageDirectory: string | undefined;
  embedded: boolean;
  faults: string | undefined;
};

/** The configuration cannot be used; nothing was changed. Exit code 2. */
export class ShareConfigError extends Error {}

const DEFAULT_PORT = 4681;
const MIB = 1024 * 1024;
/** Characters of a publish key. */
const KEY_LENGTH = { least: 32, most: 512 };
const LEVELS = ["debug", "info", "warn", "error", "silent"];

/** Flag > environment > default. The only reader of the environment here. Throws ShareConfigError. */
export function loadShareConfig(flags: ShareFlags, env: NodeJS.ProcessEnv = process.env): ShareConfig {
  const logLevel = flags.logLevel ?? (env["HOLDFAST_LOG_LEVEL"] || "info");
  if (!LEVELS.includes(logLevel))
    throw new ShareConfigError(`HOLDFAST_LOG_LEVEL=${logLevel} is not one of ${LEVELS.join(", ")}.`);
  return {
    directory: shareDirectory(flags, env),
    host: flags.host ?? (env["HOLDFAST_SHARE_HOST"] || "127.0.0.1"),
    port: flags.port ?? portOf(env["HOLDFAST_SHARE_PORT"]) ?? DEFAULT_PORT,
    keys: keysOf(env["HOLDFAST_SHARE_KEYS"]),
    allowedHosts: flags.allowedHosts ?? listOf(env["HOLDFAST_SHARE_ALLOWED_HOSTS"]),
    behindProxy: flags.behindProxy ?? false,
    insecureHttp: flags.insecureHttp ?? false,
    logLevel,
    quotaBytes: flags.quotaMib === undefined ? undefined : flags.quotaMib * MIB,
    pageDirectory: flags.pageDirectory,
    embedded: flags.embedded ?? false,
    faults: env["HOLDFAST_FAULT"],
  };
}

/** A given directory is the service's own; without one it is `share` in Holdfast's. Throws ShareConfigError. */
export function shareDirectory({ dataDirectory }: ShareFlags, env: NodeJS.ProcessEnv = process.env): string {
  if (dataDirectory !== undefined) return resolve(dataDirectory);
  try {
    return resolve(join(dataDirectoryOf({ env, systemHome, platform: process.platform }), "share"));
  } catch (error) {
    throw new ShareConfigError((error as Error).message, { cause: error });
  }
}

function systemHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return "";
  }
}

const listOf = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** Never named in what is refused: it is a secret. */
function keysOf(text: string | undefined): string[] {
  const keys = listOf(text);
  const isGood = (key: string): boolean =>
    key.length >= KEY_LENGTH.least && key.length <= KEY_LENGTH.most && /^[\x21-\x7e]+$/.test(key);
  if (keys.length > 0 && keys.every(isGood)) return keys;
  throw new ShareConfigError(
    keys.length === 0
      ? "HOLDFAST_SHARE_KEYS names no publish key, and nothing can be shared without one. Make one with `openssl rand -hex 32`, set it here, and as HOLDFAST_SHARE_KEY where sessions are shared from."
      : `A key of HOLDFAST_SHARE_KEYS has fewer than ${KEY_LENGTH.least} or more than ${KEY_LENGTH.most} characters, or one that a header cannot carry.`,
  );
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new ShareConfigError(`HOLDFAST_SHARE_PORT=${text} is not a port (0 to 65535).`);
  return port;
}
