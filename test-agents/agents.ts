import { access, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { installCommand } from "./install.ts";

/** A real agent that the tests can run. */
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

/** How to run a real agent as an ACP server over stdio. */
export interface RealAgent {
  command: string[];
  /** Laid over an environment that has at least PATH. */
  env: Record<string, string>;
  /** Writes the isolated home; rejects with the command to run when the program is not installed. */
  prepare(): Promise<void>;
}

const programs: Record<RealAgentName, string> = {
  goose: path.join("@aaif", "goose-binary-linux-x64", "bin", "goose"),
  qwen: path.join("@qwen-code", "qwen-code", "cli-entry.js"),
};

/** The model id that both agents are told to use. */
export const SCRIPTED_MODEL = "fake-1";

/** The two agents in their pinned versions, isolated from the user's own, asking before they write or run anything. */
export function realAgent(name: RealAgentName, options: RealAgentOptions): RealAgent {
  const modules = options.modules ?? path.join(import.meta.dirname, "node_modules");
  const program = path.join(modules, programs[name]);
  return name === "goose"
    ? {
        command: [program, "acp", "--with-builtin", "developer"],
        env: { ...isolated(options.home), ...gooseEnv(options.modelUrl) },
        prepare: () => prepareHome(name, program, options.home),
      }
    : {
        // Its engines say node >= 22: it runs on the node that runs the tests, not on the machine's.
        command: [process.execPath, program, "--acp"],
        env: { ...isolated(options.home), ...qwenEnv(options.modelUrl) },
        prepare: async () => {
          await prepareHome(name, program, options.home);
          await writeQwenSettings(options.home);
        },
      };
}

function isolated(home: string): Record<string, string> {
  return {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, ".config"),
    XDG_DATA_HOME: path.join(home, ".local", "share"),
    XDG_STATE_HOME: path.join(home, ".local", "state"),
    XDG_CACHE_HOME: path.join(home, ".cache"),
  };
}

async function prepareHome(name: RealAgentName, program: string, home: string): Promise<void> {
  try {
    await access(program);
  } catch {
    throw new Error(`the real agent ${name} is not installed; run: ${installCommand}`);
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
    model: { name: SCRIPTED_MODEL },
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
