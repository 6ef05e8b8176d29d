/** Where this program finds things: the only reader of the environment here (I-12). */
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { configFileOf, dataDirectoryOf, homeOf } from "@holdfast/protocol";
import { CliError, EXIT } from "./exit-code.ts";

/** Flags that every command takes. */
export type GlobalFlags = {
  url?: string;
  dataDir?: string;
  config?: string;
  json?: boolean;
  input?: boolean;
  start?: boolean;
};

export type Settings = {
  dataDirectory: string;
  /** Given by flag or environment; else the running server's file tells. */
  url: string | undefined;
  token: string | undefined;
  userConfigFile: string;
  /** Wins over the configuration files, below flags. */
  fromEnvironment: Readonly<Record<string, unknown>>;
  /** Nobody can be asked anything: `--no-input`, CI, or no terminal. */
  isInteractive: boolean;
  stdoutColor: boolean;
  stderrColor: boolean;
};

/** Settings that may stand in the environment, by the key of the configuration file. */
const ENVIRONMENT_KEYS: Readonly<Record<string, string>> = {
  host: "HOLDFAST_HOST",
  port: "HOLDFAST_PORT",
  allowedHosts: "HOLDFAST_ALLOWED_HOSTS",
  logLevel: "HOLDFAST_LOG_LEVEL",
  agent: "HOLDFAST_AGENT",
  approvalMode: "HOLDFAST_APPROVAL_MODE",
  resumePolicy: "HOLDFAST_RESUME_POLICY",
  startServer: "HOLDFAST_START_SERVER",
};

export function readSettings(flags: GlobalFlags, env: NodeJS.ProcessEnv = process.env): Settings {
  const isCi = env["CI"] !== undefined && !["", "0", "false"].includes(env["CI"]);
  const machine = { env, systemHome, platform: process.platform };
  const color = (stream: NodeJS.WriteStream) =>
    !env["NO_COLOR"] && (Boolean(env["FORCE_COLOR"]) || (stream.isTTY && env["TERM"] !== "dumb" && !isCi));
  return {
    dataDirectory: resolve(flags.dataDir ?? place(() => dataDirectoryOf(machine))),
    url: flags.url ?? (env["HOLDFAST_URL"] || undefined),
    token: tokenOf(env["HOLDFAST_TOKEN"]),
    userConfigFile: resolve(flags.config ?? place(() => configFileOf(machine))),
    fromEnvironment: Object.fromEntries(
      Object.entries(ENVIRONMENT_KEYS).flatMap(([key, name]) => {
        const text = env[name];
        return text === undefined || text === "" ? [] : [[key, typed(key, text)]];
      }),
    ),
    isInteractive: flags.input !== false && !isCi && process.stdin.isTTY && process.stderr.isTTY,
    stdoutColor: color(process.stdout),
    stderrColor: color(process.stderr),
  };
}

/** The value of one of the user's variables, which a command was told to take from here. */
export const readVariable = (name: string, env: NodeJS.ProcessEnv = process.env): string | undefined =>
  env[name];

/** What of the environment a service gets: where programs are, and where they keep their files. Nothing secret is among it (I-26). */
const SERVICE_VARIABLES = ["PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];

/** Where services of this user are written down, and what of the environment they get. Throws CliError (2) when there is no home. */
export function readPlace(env: NodeJS.ProcessEnv = process.env) {
  const machine = { env, systemHome, platform: process.platform };
  const home = homeOf(machine);
  const { XDG_CACHE_HOME: caches } = env;
  return {
    home,
    /** What `bin/holdfast.cjs` keeps compiled. */
    compiled: join(caches?.startsWith("/") ? caches : join(home, ".cache"), "holdfast"),
    configHome: dirname(dirname(place(() => configFileOf(machine)))),
    environment: Object.fromEntries(
      SERVICE_VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
    ),
  };
}

/** Throws CliError (2) with what is wrong with a place. */
function place<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(EXIT.usage, error.message);
    throw error;
  }
}

/** Where the system's list of users has the home; empty for a user that is not in it. */
function systemHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return "";
  }
}

/** What a header can carry. Said here, without the token: the header's own complaint would show it. */
function tokenOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new CliError(EXIT.usage, "HOLDFAST_TOKEN has a blank, or a character that is not ASCII.");
}

/** An environment value as the configuration file would hold it. */
function typed(key: string, text: string): unknown {
  if (key === "port") return Number(text);
  if (key === "startServer") return truthOf(text);
  return key === "allowedHosts" ? text.split(",").map((name) => name.trim()) : text;
}

/** Throws CliError (2): what is meant to switch something off must not leave it on. */
function truthOf(text: string): boolean {
  if (["true", "1", "yes", "on"].includes(text)) return true;
  if (["false", "0", "no", "off"].includes(text)) return false;
  throw new CliError(EXIT.usage, `HOLDFAST_START_SERVER=${text} is neither true nor false.`);
}
