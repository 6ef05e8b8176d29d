import { access, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { installCommand } from "./install.ts";

/** A real agent that the tests can run over ACP. */
export type RealAgentName = "goose" | "qwen";

/** Where an agent finds its model, and the directory that stands for the user's home. */
export interface RealAgentOptions {
  /** The scripted model's url, without `/v1`. */
  modelUrl: string;
  /** An own directory per agent under test: home, configuration, data and state live in it. */
  home: string;
  /** Where the agents are installed; default `test-agents/node_modules`. */
  modules?: string;
}

/** How to run a real agent: as an ACP server over stdio, save for opencode, whose command takes what it shall do (`serve`, `acp`). */
export interface RealAgent {
  command: string[];
  /** Laid over an environment that has at least PATH. */
  env: Record<string, string>;
  /** Writes the isolated home; rejects with the command to run when the program is not installed. */
  prepare(): Promise<void>;
}

const programs: Record<RealAgentName | "opencode", string> = {
  goose: path.join("@aaif", "goose-binary-linux-x64", "bin", "goose"),
  qwen: path.join("@qwen-code", "qwen-code", "cli-entry.js"),
  opencode: path.join("opencode-linux-x64", "bin", "opencode"),
};

/** The model id that the agents are told to use. */
export const SCRIPTED_MODEL = "fake-1";

/** The agents in their pinned versions, isolated from the user's own, asking before they write or run anything. */
export function realAgent(name: RealAgentName | "opencode", options: RealAgentOptions): RealAgent {
  const modules = options.modules ?? path.join(import.meta.dirname, "node_modules");
  const program = path.join(modules, programs[name]);
  const prepare = () => prepareHome(name, program, options.home);
  switch (name) {
    case "goose":
      return {
        command: [program, "acp", "--with-builtin", "developer"],
        env: { ...isolated(options.home), ...gooseEnv(options.modelUrl) },
        prepare,
      };
    case "qwen":
      return {
        // Its engines say node >= 22: it runs on the node that runs the tests, not on the machine's.
        command: [process.execPath, program, "--acp"],
        env: { ...isolated(options.home), ...qwenEnv(options.modelUrl) },
        prepare: async () => {
          await prepare();
          await writeQwenSettings(options.home);
        },
      };
    case "opencode":
      return {
        command: [program],
        env: { ...isolated(options.home), ...opencodeEnv },
        prepare: async () => {
          await prepare();
          await writeOpencodeSettings(options.home, options.modelUrl);
        },
      };
  }
}

/** Lets an agent take this directory for the user's home. */
export function isolated(home: string): Record<string, string> {
  return {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, ".config"),
    XDG_DATA_HOME: path.join(home, ".local", "share"),
    XDG_STATE_HOME: path.join(home, ".local", "state"),
    XDG_CACHE_HOME: path.join(home, ".cache"),
  };
}

/** Makes the isolated home; rejects with the command to run when the program is not installed. */
export async function prepareHome(
  name: string,
  program: string,
  home: string,
  command: string = installCommand,
): Promise<void> {
  try {
    await access(program);
  } catch {
    throw new Error(`the real agent ${name} is not installed; run: ${command}`);
  }
  for (const directory of Object.values(isolated(home))) await mkdir(directory, { recursive: true });
}

function gooseEnv(modelUrl: string): Record<string, string> {
  return {
    GOOSE_PROVIDER: "openai",
    GOOSE_MODEL: SCRIPTED_MODEL,
    OPENAI_HOST: modelUrl,
    OPENAI_BASE_PATH: "v1/chat/completions",
    OPENAI_API_KEY: "scripted",
    GOOSE_DISABLE_KEYRING: "1",
    GOOSE_MODE: "approve",
    GOOSE_TELEMETRY_ENABLED: "false",
  };
}

function qwenEnv(modelUrl: string): Record<string, string> {
  return { OPENAI_API_KEY: "scripted", OPENAI_BASE_URL: `${modelUrl}/v1`, OPENAI_MODEL: SCRIPTED_MODEL };
}

async function writeQwenSettings(home: string): Promise<void> {
  const settings = {
    security: { auth: { selectedType: "openai" } },
    model: { name: SCRIPTED_MODEL, generationConfig: { modalities: { image: true } } },
    privacy: { usageStatisticsEnabled: false },
    telemetry: { enabled: false },
    general: { enableAutoUpdate: false, disableAutoUpdate: true },
    tools: { approvalMode: "default" },
    memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false },
    ui: { enableFollowupSuggestions: false },
  };
  await mkdir(path.join(home, ".qwen"), { recursive: true });
  await writeFile(path.join(home, ".qwen", "settings.json"), JSON.stringify(settings, undefined, 2));
}

/** Keeps it off the network: it fetches model lists, itself, language servers and plugins otherwise. */
const opencodeEnv: Record<string, string> = {
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
};

async function writeOpencodeSettings(home: string, modelUrl: string): Promise<void> {
  const model = {
    tool_call: true,
    reasoning: true,
    attachment: true,
    modalities: { input: ["text", "image"], output: ["text"] },
    cost: { input: 1, output: 2 },
    limit: { context: 100_000, output: 8000 },
  };
  const settings = {
    autoupdate: false,
    share: "disabled",
    enabled_providers: ["fake"],
    model: `fake/${SCRIPTED_MODEL}`,
    small_model: `fake/${SCRIPTED_MODEL}`,
    provider: {
      fake: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: `${modelUrl}/v1`, apiKey: "scripted" },
        models: { [SCRIPTED_MODEL]: model },
      },
    },
  };
  const directory = path.join(isolated(home)["XDG_CONFIG_HOME"] ?? home, "opencode");
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, "opencode.json"), JSON.stringify(settings, undefined, 2));
}
