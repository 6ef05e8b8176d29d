/** The instructions of one call of a model. Pure, and the same for all steps of a turn, so that what a provider has cached stays good. */
import { AGENT_TEXTS, type AgentName, STRUCTURED_TEXT } from "./agents.ts";
import type { Instructions } from "./instructions.ts";

export type SystemPrompt = {
  agent: AgentName;
  /** The session's workspace, and the top of its project or worktree. */
  directory: string;
  root: string;
  isGit: boolean;
  /** As `process.platform` says it. */
  platform: string;
  /** As `2026-11-30`: of the turn's beginning, since the day must not change within a turn. */
  today: string;
  /** As its provider calls it. */
  modelId: string;
  instructions: readonly Instructions[];
  /** What the user gave with his message. */
  system?: string | undefined;
  /** The answer is asked for as JSON. */
  isStructured?: boolean;
};

export function systemPrompt(given: SystemPrompt): string {
  const { agent, instructions, system, isStructured } = given;
  return [
    AGENT_TEXTS[agent],
    environment(given),
    ...instructions.map(instructionsText),
    ...(system === undefined || system.trim() === "" ? [] : [system]),
    ...(isStructured === true ? [STRUCTURED_TEXT] : []),
  ].join("\n\n");
}

function environment({ directory, root, isGit, platform, today, modelId }: SystemPrompt): string {
  return [
    "# Where you are",
    `Directory: ${directory}`,
    ...(root === directory ? [] : [`Top of the project: ${root}`]),
    `Git repository: ${isGit ? "yes" : "no"}`,
    `Platform: ${platform}`,
    `Date: ${today}`,
    `Model: ${modelId}`,
  ].join("\n");
}

/** What a project or a person wants of agents, as it is shown to the model. */
export const instructionsText = ({ from, text }: Instructions): string =>
  `<instructions from=${JSON.stringify(from)}>\n${text.trim()}\n</instructions>`;
