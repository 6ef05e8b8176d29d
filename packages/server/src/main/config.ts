import { readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import {
  type Config,
  configFileOf,
  configSchema,
  dataDirectoryOf,
  homeOf,
  providerConfigSchema,
} from "@holdfast/protocol";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { originOf } from "../sharing/index.ts";

/** What a start was told on its command line. */
export type ServeFlags = {
  dataDirectory?: string | undefined;
  configFile?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  logLevel?: Config["logLevel"] | undefined;
  allowedHosts?: string[] | undefined;
  /** A TLS proxy stands in front (I-6). */
  behindProxy?: boolean | undefined;
  /** Where the built page is; absent: the API alone. */
  pageDirectory?: string | undefined;
  /** Accepts a non-loopback address without TLS or a proxy in front (I-6). */
  insecureHttp?: boolean | undefined;
  /** Where the log goes instead of stderr. */
  logFile?: string | undefined;
  /** Path of the program that has the command `share-server`; absent: no share service beside the server. */
  shareProgram?: string | undefined;
  /** When the default port is taken, any free one will do: for a server that nobody watches as it starts. */
  anyPortIfTaken?: boolean | undefined;
};

/** Everything the server was told, with defaults filled in. The only reader of the environment. */
export type ServerConfig = {
  dataDirectory: string;
  host: string;
  port: number;
  /** The port is the default one, and another will do when it is taken. */
  isAnyPortFine: boolean;
  /** From `HOLDFAST_TOKEN`; else the one kept in the data directory. */
  token: string | undefined;
  allowedHosts: string[];
  behindProxy: boolean;
  insecureHttp: boolean;
  /** Under which address others reach this server; links name it. */
  publicUrl: string | undefined;
  logLevel: NonNullable<Config["logLevel"]>;
  /** Where the log goes instead of stderr. */
  logFile: string | undefined;
  /** Where the built page is. */
  pageDirectory: string | undefined;
  /** What runs the share service beside the server (S-29). */
  shareProgram: string | undefined;
  /** From `HOLDFAST_SHARE_SERVICE`: origin of the service that sessions are shared with unless another is named. */
  shareService: string | undefined;
  /** From `HOLDFAST_SHARE_KEY`: what that service takes new shares with. */
  shareKey: string | undefined;
  /** From `HOLDFAST_SHARE_PORT`: where that service listens. */
  sharePort: number | undefined;
  /** Where the configuration is, or would be. */
  configFile: string;
  /** Keys of providers of models, beside the configuration. */
  keysFile: string;
  /** From `HOLDFAST_MODEL_URL` and `HOLDFAST_MODEL`: an endpoint that speaks as OpenAI's does, and its model. */
  modelEndpoint: { url: string; model: string } | undefined;
  /** Fault plan for the torture suites. */
  faults: string | undefined;
  stopBudgetMs: number;
  file: Config;
  /** Real path of the machine's directory for temporary files. */
  temporaryRoot: string;
  /** The user's home directory; empty when nobody knows it. */
  home: string;
  /** The user's environment as agents get it, before A-10's filter. */
  environment: Record<string, string>;
};

/** The configuration cannot be used; nothing was changed. Exit code 2. */
export class ConfigError extends Error {}

/** Characters of a token (interfaces.md section 0); of a longer one the header is not read. */
const MODEL_LENGTH = 256;
const TOKEN_LENGTH = { least: 32, most: 512 };
const KEYS_FILE = "keys.json";
const DEFAULT_PORT = 4680;
const DEFAULT_STOP_SECONDS = 10;

/** Flag > environment > file > default (I-12). Throws ConfigError, and a RangeError where a place for files is none. */
export function loadConfig(flags: ServeFlags, env: NodeJS.ProcessEnv = process.env): ServerConfig {
  if (env["DATABASE_URL"] !== undefined && env["DATABASE_URL"] !== "") {
    throw new ConfigError("DATABASE_URL is set, but this version stores in SQLite only. Unset it to start.");
  }
  const machine = { env, systemHome, platform: process.platform };
  const configFile = resolve(flags.configFile ?? configFileOf(machine));
  const file = readConfigFile(configFile, flags.configFile !== undefined);
  const home = homeOf(machine);
  const token = env["HOLDFAST_TOKEN"];
  if (token !== undefined && (token.length < TOKEN_LENGTH.least || token.length > TOKEN_LENGTH.most)) {
    throw new ConfigError(
      `HOLDFAST_TOKEN has ${token.length} characters; it needs at least ${TOKEN_LENGTH.least}, at most ${TOKEN_LENGTH.most}.`,
    );
  }
  if (file.worktreeDirectory !== undefined && !isAbsolute(file.worktreeDirectory))
    throw new ConfigError(`worktreeDirectory is ${file.worktreeDirectory}; it needs an absolute path.`);
  const hosts = env["HOLDFAST_ALLOWED_HOSTS"]
    ?.split(",")
    .map((host) => host.trim())
    .filter(Boolean);
  const chosenPort = flags.port ?? portOf(env, "HOLDFAST_PORT") ?? file.port;
  return {
    dataDirectory: resolve(flags.dataDirectory ?? dataDirectoryOf(machine)),
    host: flags.host ?? env["HOLDFAST_HOST"] ?? file.host ?? "127.0.0.1",
    port: chosenPort ?? DEFAULT_PORT,
    isAnyPortFine: chosenPort === undefined && flags.anyPortIfTaken === true,
    token,
    allowedHosts: flags.allowedHosts ?? hosts ?? file.allowedHosts ?? [],
    behindProxy: flags.behindProxy ?? file.behindProxy ?? false,
    insecureHttp: flags.insecureHttp ?? false,
    publicUrl: publicUrlOf(env["HOLDFAST_PUBLIC_URL"]) ?? file.publicUrl,
    pageDirectory: flags.pageDirectory,
    shareProgram: flags.shareProgram,
    shareService: shareServiceOf(env["HOLDFAST_SHARE_SERVICE"]) ?? shareServiceOf(file.shareService),
    shareKey: env["HOLDFAST_SHARE_KEY"] === "" ? undefined : env["HOLDFAST_SHARE_KEY"],
    sharePort: portOf(env, "HOLDFAST_SHARE_PORT"),
    logLevel: flags.logLevel ?? levelOf(env["HOLDFAST_LOG_LEVEL"]) ?? file.logLevel ?? "info",
    logFile: flags.logFile === undefined ? undefined : resolve(flags.logFile),
    configFile,
    keysFile: join(dirname(configFile), KEYS_FILE),
    modelEndpoint: endpointOf(env["HOLDFAST_MODEL_URL"], env["HOLDFAST_MODEL"]),
    faults: env["HOLDFAST_FAULT"],
    stopBudgetMs:
      1_000 * (secondsOf(env["HOLDFAST_STOP_BUDGET"]) ?? file.stopBudgetSeconds ?? DEFAULT_STOP_SECONDS),
    file,
    temporaryRoot: temporaryRoot(),
    home,
    environment: {
      ...Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      // With an empty or relative one, programs would keep their files in the project.
      ...(home === "" ? {} : { HOME: home }),
    },
  };
}

/** The real path of the machine's directory for temporary files, which each agent gets a part of. Throws ConfigError when it is none. */
function temporaryRoot(): string {
  const path = tmpdir();
  try {
    if (isAbsolute(path) && statSync(path).isDirectory()) return realpathSync(path);
  } catch {
    // Said below.
  }
  throw new ConfigError(`TMPDIR is ${JSON.stringify(path)}; it needs the absolute path of a directory.`);
}

/** Where the system's list of users has the home; empty for a user that is not in it. */
function systemHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return "";
  }
}

/** The file's content; an absent default file is an empty one, one that cannot be read or parsed is an error and is never replaced. */
export function readConfigFile(path: string, required: boolean): Config {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new ConfigError(`The configuration file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true }) ?? {};
  const first = errors[0];
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split("\n").length;
    throw new ConfigError(
      `${path}:${line}: ${printParseErrorCode(first.error)}. The file was left as it is.`,
    );
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
  throw new ConfigError(`${path} is not a valid configuration:\n  ${issues.join("\n  ")}`);
}

function shareServiceOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return originOf(text);
  } catch {
    throw new ConfigError(
      `${JSON.stringify(text)} is no share service: it needs an https address, or an http one on this machine.`,
    );
  }
}

function endpointOf(url = "", model = ""): { url: string; model: string } | undefined {
  if (url === "" && model === "") return undefined;
  if (url === "" || model === "")
    throw new ConfigError("HOLDFAST_MODEL_URL and HOLDFAST_MODEL go together: one of them is not set.");
  const isUrl = providerConfigSchema.shape.baseUrl.safeParse(url).success;
  if (!isUrl || model.length > MODEL_LENGTH)
    throw new ConfigError(
      `HOLDFAST_MODEL_URL needs the http(s) address of an endpoint with its version, as http://127.0.0.1:11434/v1, and HOLDFAST_MODEL at most ${MODEL_LENGTH} characters.`,
    );
  return { url, model };
}

function publicUrlOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const url = configSchema.shape.publicUrl.safeParse(text);
  if (!url.success)
    throw new ConfigError(`HOLDFAST_PUBLIC_URL=${text} is not the http(s) address of a server.`);
  return url.data;
}

function portOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new ConfigError(`${name}=${text} is not a port (0 to 65535).`);
  return port;
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 600) {
    throw new ConfigError(`HOLDFAST_STOP_BUDGET=${text} is not a number of seconds from 0 to 600.`);
  }
  return seconds;
}

function levelOf(text: string | undefined): Config["logLevel"] | undefined {
  if (text === undefined || text === "") return undefined;
  const level = configSchema.shape.logLevel.safeParse(text);
  if (!level.success)
    throw new ConfigError(`HOLDFAST_LOG_LEVEL=${text} is not one of debug, info, warn, error, silent.`);
  return level.data;
}
