import type { Agent, Features } from "./agent.ts";

/** What an agent can do, for people, as far as it was seen. */
type Abilities = {
  can: string[];
  /** `learnt`: here; `recorded`: by Holdfast's own record, of that version; `none`: nobody looked. */
  source: "learnt" | "recorded" | "none";
};

/** What an agent was seen to do: hints, and nothing that nobody saw. Pure. */
export function abilitiesOf({ features, recorded }: Pick<Agent, "features" | "recorded">): Abilities {
  // Every opening says whether it can be loaded; other bits are known of a whole kind of agents.
  const isLearnt = features.load !== "unknown";
  const has = (name: keyof Features) =>
    features[name] === "yes" || (!isLearnt && recorded?.features.includes(name) === true);
  const transports = [has("mcpHttp") ? "http" : undefined, has("mcpSse") ? "sse" : undefined];
  const remote = transports.filter((name) => name !== undefined).join(" and ");
  const can = [
    has("resume") || has("load") ? "keeps its memory over a restart" : undefined,
    has("images") ? "sees images" : undefined,
    has("embeddedContext") ? "takes files" : undefined,
    has("steer") ? "can be steered during a turn" : undefined,
    has("usage") ? "reports its usage" : undefined,
    has("variant") ? "has variants of its models" : undefined,
    remote === "" ? undefined : `takes MCP servers over ${remote}`,
  ].filter((words) => words !== undefined);
  return { can, source: isLearnt ? "learnt" : recorded === undefined ? "none" : "recorded" };
}
