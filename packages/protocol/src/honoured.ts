import type { AgentModel, AgentSession, Features, Subagent } from "./agent.ts";
import type { Model } from "./common.ts";
import type { InputPart } from "./input.ts";
import type { McpTransport } from "./mcp.ts";
import type { Part } from "./part.ts";

/** What an input asks of its agent beside its words. */
export type Asked = {
  model?: Model | undefined;
  tools?: Record<string, boolean> | undefined;
  /** Of these the mentions of agents. */
  parts?: readonly (InputPart | Part)[] | undefined;
};

/** A field of an input that its agent cannot honour, and why, as a sentence that names it. */
export type Unhonoured = {
  field: "model" | "model.variant" | "tools" | "parts" | "command";
  message: string;
};

/** Most models of an agent that are listed: a list of so many may lack some. */
export const MAX_LISTED = 1_000;

/** Most models, agents or commands that a refusal names. */
const MOST_NAMED = 10;

/**
 * The first thing asked for that the agent cannot do. While it is not open, what nobody knows yet passes (`isOpen` false); once it is, what it does not
 * offer is refused, so that nothing is accepted and then ignored. Pure.
 */
export function unhonoured(
  agent: string,
  asked: Asked,
  {
    features,
    models,
    subagents,
    isOpen,
  }: {
    features: Features;
    models?: readonly AgentModel[] | undefined;
    subagents?: readonly Subagent[] | undefined;
    isOpen: boolean;
  },
): Unhonoured | undefined {
  const lacks = (feature: "tools" | "variant" | "subagents") =>
    features[feature] === "no" || (isOpen && features[feature] !== "yes");
  if (Object.keys(asked.tools ?? {}).length > 0 && lacks("tools"))
    return { field: "tools", message: `tools: ${agent} does not let its tools be chosen. Leave tools out.` };
  for (const part of asked.parts ?? []) {
    if (part.type !== "agent") continue;
    if (lacks("subagents"))
      return {
        field: "parts",
        message: `parts: ${agent} has no agents of its own to mention. Leave the mention of ${part.name} out.`,
      };
    if (subagents !== undefined && !subagents.some(({ name }) => name === part.name))
      return {
        field: "parts",
        message: `parts: ${agent} has no agent ${part.name}. It has ${listed(subagents.map(({ name }) => name))}.`,
      };
  }
  const { model } = asked;
  if (model?.variant !== undefined && lacks("variant"))
    return {
      field: "model.variant",
      message: `model.variant: ${agent} has no variants of a model. Leave the variant out.`,
    };
  const isKnown = isOpen || (models !== undefined && models.length < MAX_LISTED);
  if (model === undefined || !isKnown || findModel(models ?? [], model) !== undefined) return undefined;
  return { field: "model", message: notOffered(agent, model, models ?? []) };
}

/** The refusal of a command that is none of those that its agent offers. */
export function unoffered(
  agent: string,
  command: string,
  offered: readonly string[],
): Unhonoured | undefined {
  if (offered.includes(command)) return undefined;
  const names = offered.map((name) => `/${name}`);
  return {
    field: "command",
    message: `command: ${agent} does not offer /${command}. It offers ${listed(names)}.`,
  };
}

/** What an agent offers, with what it runs now, which its list may lack; `undefined` while it told of no models. */
export function modelsOf(models: AgentSession["models"]): AgentModel[] | undefined {
  if (models === undefined) return undefined;
  const { current, available } = models;
  const isListed = current === undefined || available.some(({ id }) => id === current);
  return isListed ? available : [...available, { id: current, name: current }];
}

/** The model among those that an agent offers, by its id or name, with or without the provider before it. */
export function findModel(
  models: readonly AgentModel[],
  { providerId, modelId }: Model,
): AgentModel | undefined {
  const names = [`${providerId ?? ""}/${modelId}`, modelId];
  return models.find(({ id, name }) => names.includes(id) || names.includes(name));
}

function notOffered(agent: string, model: Model, models: readonly AgentModel[]): string {
  if (models.length === 0) return `model: ${agent} does not let its model be chosen. Leave the model out.`;
  return `model: ${agent} does not offer ${model.modelId}. It offers ${listed(models.map(({ id }) => id))}.`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).join(", ");
  if (rest > 0) return `${shown} and ${rest} more`;
  return shown === "" ? "none" : shown;
}

/**
 * Why an agent cannot be given these MCP servers, as a sentence that begins with the field; each takes stdio. While it is not open, what nobody knows yet
 * passes. Pure.
 */
export function ungivable(
  agent: string,
  servers: readonly { name: string; type: McpTransport }[],
  { features, isOpen }: { features: Features; isOpen: boolean },
): string | undefined {
  const lacks = (feature: Features["mcpHttp"]) => feature === "no" || (isOpen && feature !== "yes");
  const refused = servers.find(
    ({ type }) => type !== "stdio" && lacks(features[type === "http" ? "mcpHttp" : "mcpSse"]),
  );
  if (refused === undefined) return undefined;
  const { name, type } = refused;
  return `mcpServers.${name}: ${agent} takes no MCP servers over ${type}. Leave it out of this session (holdfast mcp off ${name} --session ...), or use another agent.`;
}
