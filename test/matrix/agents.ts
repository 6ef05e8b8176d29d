/** The programs of the matrix: which they are, in which version, and how the server is told to start them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentConfig, ApprovalMode } from "@holdfast/protocol";
import { realAgent, type RealAgentOptions } from "../../test-agents/agents.ts";
import { heavyAgent, type HeavyAgentName } from "../../test-agents/heavy/agents.ts";

export const LIGHT_IDS = ["rehearsal", "opencode", "opencode-acp", "qwen", "goose"] as const;
export const HEAVY_IDS = ["gemini", "claude", "codex"] as const satisfies HeavyAgentName[];
export type AgentId = (typeof LIGHT_IDS)[number] | (typeof HEAVY_IDS)[number];

export type MatrixAgent = {
  id: AgentId;
  /** Program and pinned version. */
  version: string;
  /** The scripted model decides what it says; the rehearsal agent reads the script itself. */
  isScripted: boolean;
  /** Approval mode of its sessions where a case asks for none: `ask`, unless it cannot hold that. */
  mode: ApprovalMode;
  /** Writes its isolated home and answers its entry in the server's configuration; none for the built-in one. */
  prepare(options: RealAgentOptions): Promise<AgentConfig | undefined>;
};

const root = join(import.meta.dirname, "..", "..");

/** The pinned version of an installed package. */
function versionOf(directory: string, name: string): string {
  const manifest = JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8")) as {
    version: string;
    dependencies?: Record<string, string>;
  };
  return manifest.dependencies?.[name] ?? manifest.version;
}

const PACKAGES: Record<AgentId, readonly [directory: string, name: string]> = {
  rehearsal: ["packages/rehearsal", "@holdfast/rehearsal"],
  opencode: ["test-agents", "opencode-linux-x64"],
  "opencode-acp": ["test-agents", "opencode-linux-x64"],
  qwen: ["test-agents", "@qwen-code/qwen-code"],
  goose: ["test-agents", "@aaif/goose-binary-linux-x64"],
  gemini: ["test-agents/heavy", "@google/gemini-cli"],
  claude: ["test-agents/heavy", "@agentclientprotocol/claude-agent-acp"],
  codex: ["test-agents/heavy", "@agentclientprotocol/codex-acp"],
};

/** The agent of this name, not yet prepared. */
export function matrixAgent(id: AgentId): MatrixAgent {
  const [directory, name] = PACKAGES[id];
  const version = `${name} ${versionOf(directory, name)}`;
  return {
    id,
    version,
    isScripted: id !== "rehearsal",
    mode: id === "codex" ? "all" : "ask",
    prepare: (options) => configure(id, options),
  };
}

async function configure(id: AgentId, options: RealAgentOptions): Promise<AgentConfig | undefined> {
  switch (id) {
    case "rehearsal":
      return undefined;
    case "opencode":
    case "opencode-acp": {
      const agent = realAgent("opencode", options);
      await agent.prepare();
      const { command, env } = agent;
      return id === "opencode"
        ? { backend: "opencode", command, env }
        : { backend: "acp", command: [...command, "acp"], env };
    }
    default: {
      const agent = id === "goose" || id === "qwen" ? realAgent(id, options) : heavyAgent(id, options);
      await agent.prepare();
      return { backend: "acp", command: agent.command, env: agent.env };
    }
  }
}
