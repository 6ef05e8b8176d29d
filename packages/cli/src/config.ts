/** Where this program finds things: the only reader of the environment here (I-12). */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Flags that every command takes. */
export type GlobalFlags = {
  url?: string;
  dataDir?: string;
  config?: string;
  json?: boolean;
  input?: boolean;
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
};

export function readSettings(flags: GlobalFlags, env: NodeJS.ProcessEnv = process.env): Settings {
  const isCi = env["CI"] !== undefined && !["", "0", "false"].includes(env["CI"]);
  const color = (stream: NodeJS.WriteStream) =>
    !env["NO_COLOR"] && (Boolean(env["FORCE_COLOR"]) || (stream.isTTY && env["TERM"] !== "dumb" && !isCi));
  return {
    dataDirectory: resolve(flags.dataDir ?? (env["HOLDFAST_DATA_DIR"] || defaultDataDirectory(env))),
    url: flags.url ?? (env["HOLDFAST_URL"] || undefined),
    token: env["HOLDFAST_TOKEN"] || undefined,
    userConfigFile: resolve(flags.config ?? join(configHome(env), "holdfast", "config.jsonc")),
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

function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  const home = env["HOME"] || homedir();
  if (env["XDG_DATA_HOME"]) return join(env["XDG_DATA_HOME"], "holdfast");
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "holdfast");
  return join(home, ".local", "share", "holdfast");
}

function configHome(env: NodeJS.ProcessEnv): string {
  return env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
}

/** An environment value as the configuration file would hold it. */
function typed(key: string, text: string): unknown {
  if (key === "port") return Number(text);
  return key === "allowedHosts" ? text.split(",").map((name) => name.trim()) : text;
}
