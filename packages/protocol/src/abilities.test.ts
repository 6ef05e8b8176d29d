import { describe, expect, test } from "vitest";
import { abilitiesOf } from "./abilities.ts";
import { FEATURES, type Features } from "./agent.ts";

const features = (known: Partial<Features>): Features => ({
  ...(Object.fromEntries(FEATURES.map((name) => [name, "unknown"])) as Features),
  ...known,
});

const recorded = { version: "1.2", features: ["load" as const, "mcpHttp" as const, "images" as const] };

describe("what an agent is said to do", () => {
  test("[A-3] nothing is claimed of what nobody looked at, whatever is known of its kind", () => {
    expect(abilitiesOf({ features: features({ tools: "no", variant: "no" }) })).toEqual({
      can: [],
      source: "none",
    });
    expect(abilitiesOf({ features: features({ load: "no" }) })).toEqual({ can: [], source: "learnt" });
  });

  test("[A-3] load and resume are one thing to a person, and only what was seen is said", () => {
    const seen = features({ load: "yes", resume: "yes", images: "no", steer: "yes", mcpSse: "yes" });
    expect(abilitiesOf({ features: seen, recorded })).toEqual({
      can: ["keeps its memory over a restart", "can be steered during a turn", "takes MCP servers over sse"],
      source: "learnt",
    });
  });

  test("[A-3] what a record says holds until the agent itself was heard", () => {
    expect(abilitiesOf({ features: features({}), recorded })).toEqual({
      can: ["keeps its memory over a restart", "sees images", "takes MCP servers over http"],
      source: "recorded",
    });
  });
});
