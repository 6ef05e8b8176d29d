import type { AgentSession, Model } from "@holdfast/protocol";
import type { StateEvent } from "../port.ts";
import { count, object, objects, text, type Json } from "./json.ts";
import { rulesOf, type Rule } from "./permission-rules.ts";

type Modes = NonNullable<AgentSession["modes"]>;
type Choice = { id: string; name: string; description?: string };

/** Entries of one list that are kept; more is of no use to anybody who picks one. */
const MAX_ENTRIES = 1_000;

/** opencode's own name for the agent that works when none is chosen. */
const DEFAULT_AGENT = "build";

/** What a server offers in one directory: models with their context, modes (opencode calls them agents) and commands. */
export type SessionFacts = {
  events: StateEvent[];
  contextSizes: ReadonlyMap<string, number>;
  commands: ReadonlySet<string>;
};

/** Reads what a session may be shown to offer; `current` is the mode that it is in. */
export function sessionFacts(
  current: string,
  agents: Json[],
  commands: Json[],
  providers: Json,
): SessionFacts {
  const contextSizes = new Map<string, number>();
  const models: Choice[] = [];
  for (const provider of objects(providers["providers"])) {
    for (const model of objects(Object.values(object(provider["models"])))) {
      const id = `${text(provider["id"]) ?? ""}/${text(model["id"]) ?? ""}`;
      const size = count(object(model["limit"])["context"]);
      if (size !== undefined) contextSizes.set(id, size);
      models.push({ id, name: text(model["name"]) ?? id });
    }
  }
  const offered = commandsOf(commands);
  return {
    events: [
      { type: "modes", modes: { current, available: modesOf(agents) } },
      { type: "models", models: { available: models.slice(0, MAX_ENTRIES) } },
      { type: "commands", commands: offered },
    ],
    contextSizes,
    commands: new Set(offered.map(({ name }) => name)),
  };
}

/** The agent that a session works with: the one that it says, else the usual one, else the first. */
export function workingAgent(agents: readonly Json[], session: Json): { name: string; rules: Rule[] } {
  const primary = agents.filter(({ mode, hidden }) => mode !== "subagent" && hidden !== true);
  const find = (name: unknown) => primary.find((agent) => agent["name"] === name);
  const agent = find(session["agent"]) ?? find(DEFAULT_AGENT) ?? primary[0] ?? {};
  return { name: text(agent["name"]) ?? DEFAULT_AGENT, rules: rulesOf(agent["permission"]) };
}

/** The model to name in a prompt; `undefined` when it is not offered. */
export function offeredModel(
  model: Model,
  offered: { has(id: string): boolean },
): { providerID: string; modelID: string } | undefined {
  const { providerId, modelId } = model;
  const id = [`${providerId ?? ""}/${modelId}`, modelId].find((each) => offered.has(each));
  if (id === undefined) return undefined;
  const slash = id.indexOf("/");
  return { providerID: id.slice(0, slash), modelID: id.slice(slash + 1) };
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

function commandsOf(commands: readonly Json[]): NonNullable<AgentSession["commands"]> {
  return commands.slice(0, MAX_ENTRIES).flatMap((command) => {
    const name = text(command["name"]);
    return name === undefined ? [] : [{ name, description: text(command["description"]) ?? "" }];
  });
}
