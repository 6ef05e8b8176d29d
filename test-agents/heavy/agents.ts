/** The agents that only `npm run matrix -- --all` drives: each takes several hundred MB. Isolated like those of ../agents.ts. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { isolated, prepareHome, type RealAgent, type RealAgentOptions } from "../agents.ts";
import { installCommand } from "../install.ts";

export type HeavyAgentName = "gemini" | "claude" | "codex";

const modules = path.join(import.meta.dirname, "node_modules");
const programs: Record<HeavyAgentName, string> = {
  gemini: path.join(modules, "@google", "gemini-cli", "bundle", "gemini.js"),
  claude: path.join(modules, "@agentclientprotocol", "claude-agent-acp", "dist", "index.js"),
  codex: path.join(modules, "@agentclientprotocol", "codex-acp", "dist", "index.js"),
};

/** The model id that Gemini is told to use; it takes no name that it does not know. */
const GEMINI_MODEL = "gemini-2.5-flash";

/** An agent of test-agents/heavy on the scripted model. `prepare` rejects with the command to run when it is not installed. */
export function heavyAgent(name: HeavyAgentName, { modelUrl, home }: RealAgentOptions): RealAgent {
  const program = programs[name];
  const command = [process.execPath, program];
  const prepare = () => prepareHome(name, program, home, `${installCommand} --heavy`);
  switch (name) {
    case "gemini":
      return {
        command: [...command, "--acp", "-m", GEMINI_MODEL],
        env: {
          ...isolated(home),
          GEMINI_API_KEY: "scripted",
          GOOGLE_GEMINI_BASE_URL: modelUrl,
          GEMINI_CLI_NO_RELAUNCH: "1",
          GEMINI_CLI_TRUST_WORKSPACE: "true",
        },
        prepare: async () => {
          await prepare();
          await write(
            path.join(home, ".gemini", "settings.json"),
            JSON.stringify(geminiSettings, undefined, 2),
          );
        },
      };
    case "claude":
      return {
        command,
        env: {
          ...isolated(home),
          ANTHROPIC_BASE_URL: modelUrl,
          ANTHROPIC_API_KEY: "scripted",
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
          DISABLE_AUTOUPDATER: "1",
          DISABLE_TELEMETRY: "1",
          CLAUDE_CONFIG_DIR: path.join(home, ".claude"),
        },
        prepare,
      };
    case "codex":
      return {
        command,
        env: { ...isolated(home), CODEX_HOME: path.join(home, ".codex"), SCRIPTED_KEY: "scripted" },
        prepare: async () => {
          await prepare();
          await write(path.join(home, ".codex", "config.toml"), codexSettings(modelUrl));
        },
      };
  }
}

const geminiSettings = {
  security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  general: { enableAutoUpdate: false },
};

const codexSettings = (modelUrl: string): string => `model = "fake-1"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${modelUrl}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
supports_websockets = false
request_max_retries = 0
`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}
