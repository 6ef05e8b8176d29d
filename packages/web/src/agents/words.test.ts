import { type Agent, FEATURES } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { canHold, MODES, openedMeaning } from "./words.ts";

const agent = (features: Partial<Agent["features"]>, approvalModes: Agent["approvalModes"] = []): Agent => ({
  id: "a",
  name: "A",
  backend: "acp",
  available: true,
  features: {
    ...Object.fromEntries(FEATURES.map((name) => [name, "unknown"])),
    ...features,
  } as Agent["features"],
  approvalModes,
});

describe("what the page says of agents", () => {
  test("[A-20] a mode that an agent cannot hold is ruled out; nothing is while its modes are not known", () => {
    expect(MODES.filter((mode) => canHold(agent({}, ["all"]), mode))).toEqual(["all"]);
    expect(MODES.filter((mode) => canHold(agent({}), mode))).toEqual(MODES);
    expect(MODES.filter((mode) => canHold(undefined, mode))).toEqual(MODES);
  });

  test("[A-4, A-5] every way to be opened is told differently, and what is lost is called lost", () => {
    const ways = OPENED_WAYS.map(([opened, by]) => openedMeaning(opened, by));
    expect(new Set(ways).size).toBe(OPENED_WAYS.length);
    expect(openedMeaning("lost", "create")).toMatch(/gone.*no account.*knows nothing/);
    expect(openedMeaning("replayed", "create")).toMatch(/gone.*account/);
  });
});

const OPENED_WAYS = [
  ["new", "create"],
  ["resumed", "live"],
  ["resumed", "resume"],
  ["resumed", "load"],
  ["replayed", "create"],
  ["lost", "create"],
] as const;
