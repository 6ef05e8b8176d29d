import { HoldfastError } from "@holdfast/kernel";
import {
  type AgentSession,
  type Features,
  findModel,
  MAX_LISTED,
  type Model,
  type Subagent,
  unhonoured,
} from "@holdfast/protocol";
import type { StateEvent } from "../port.ts";
import { count, object, objects, text, type Json } from "./json.ts";
import { rulesOf, type Rule } from "./permission-rules.ts";

type Modes = NonNullable<AgentSession["modes"]>;
type Choice = { id: string; name: string; description?: string };

/** Entries of one list that are kept; more is of no use to anybody who picks one. */
const MAX_ENTRIES = 1_000;

/** opencode's own name for the agent that works when none is chosen. */
const DEFAULT_AGENT = "build";

/** A model with its context in tokens and its variants, as far as they are told. */
export type OfferedModel = { context: number | undefined; variants: readonly string[] };

/** What a server offers in one directory: models with their context, modes (opencode calls them agents), agents to mention and commands. */
export type SessionFacts = {
  events: StateEvent[];
  /** By opencode's name of a model, `provider/model`. */
  models: ReadonlyMap<string, OfferedModel>;
  commands: ReadonlySet<string>;
  /** opencode's agents that do a part of the work, which a prompt may mention. */
  subagents: Subagent[];
};

/** Reads what a session may be shown to offer; `current` is the mode that it is in. */
export function sessionFacts(
  current: string,
  agents: Json[],
  commands: Json[],
  providers: Json,
): SessionFacts {
  const offeredModels = new Map<string, OfferedModel>();
  const models: Choice[] = [];
  for (const provider of objects(providers["providers"])) {
    for (const model of objects(Object.values(object(provider["models"])))) {
      const id = `${text(provider["id"]) ?? ""}/${text(model["id"]) ?? ""}`;
      const context = count(object(model["limit"])["context"]);
      offeredModels.set(id, { context, variants: Object.keys(object(model["variants"])) });
      models.push({ id, name: text(model["name"]) ?? id });
    }
  }
  const offered = commandsOf(commands);
  const subagents = subagentsOf(agents);
  return {
    events: [
      { type: "modes", modes: { current, available: modesOf(agents) } },
      { type: "models", models: { available: models.slice(0, MAX_LISTED) } },
      { type: "commands", commands: offered },
      { type: "subagents", subagents },
    ],
    models: offeredModels,
    commands: new Set(offered.map(({ name }) => name)),
    subagents,
  };
}

/** The agent that a session works with: the one that it says, else the usual one, else the first. */
export function workingAgent(agents: readonly Json[], session: Json): { name: string; rules: Rule[] } {
  const primary = agents.filter(({ mode, hidden }) => mode !== "subagent" && hidden !== true);
  const find = (name: unknown) => primary.find((agent) => agent["name"] === name);
  const agent = find(session["agent"]) ?? find(DEFAULT_AGENT) ?? primary[0] ?? {};
  return { name: text(agent["name"]) ?? DEFAULT_AGENT, rules: rulesOf(agent["permission"]) };
}

/** What a prompt names to get a model. */
export type ChosenModel = { providerID: string; modelID: string; variant?: string };

/** What to name in a prompt. Throws AGENT_UNAVAILABLE, naming the field, when the model or its variant is not offered. */
export function chosenModel(
  agent: string,
  model: Model,
  offered: SessionFacts["models"],
  features: Features,
): ChosenModel {
  const models = [...offered.keys()].map((id) => ({ id, name: id }));
  const refused = unhonoured(agent, { model }, { features, models, isOpen: true });
  const id = findModel(models, model)?.id;
  if (refused !== undefined || id === undefined)
    throw new HoldfastError("AGENT_UNAVAILABLE", refused?.message ?? "");
  const slash = id.indexOf("/");
  const chosen = { providerID: id.slice(0, slash), modelID: id.slice(slash + 1) };
  if (model.variant === undefined) return chosen;
  const variants = offered.get(id)?.variants ?? [];
  if (variants.includes(model.variant)) return { ...chosen, variant: model.variant };
  const known = variants.length === 0 ? "none" : variants.join(", ");
  throw new HoldfastError(
    "AGENT_UNAVAILABLE",
    `model.variant: ${id} has no variant ${model.variant} in ${agent}. It has ${known}.`,
  );
}

function modesOf(agents: readonly Json[]): Modes["available"] {
  return agents
    .filter(({ mode, hidden }) => mode !== "subagent" && hidden !== true)
    .slice(0, MAX_ENTRIES)
    .flatMap((agent): Choice[] => {
      const [id, description] = [text(agent["name"]), text(agent["description"])];
      return id === undefined
        ? []
        : [{ id, name: id, ...(description === undefined ? {} : { description }) }];
    });
}

function subagentsOf(agents: readonly Json[]): Subagent[] {
  return agents
    .filter(({ mode, hidden }) => mode !== "primary" && hidden !== true)
    .slice(0, MAX_ENTRIES)
    .flatMap((agent): Subagent[] => {
      const [name, description] = [text(agent["name"]), text(agent["description"])];
      return name === undefined ? [] : [{ name, ...(description === undefined ? {} : { description }) }];
    });
}

function commandsOf(commands: readonly Json[]): NonNullable<AgentSession["commands"]> {
  return commands.slice(0, MAX_ENTRIES).flatMap((command) => {
    const name = text(command["name"]);
    return name === undefined ? [] : [{ name, description: text(command["description"]) ?? "" }];
  });
}
