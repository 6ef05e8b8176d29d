import type { PastEvent, StateEvent } from "../../agents/index.ts";
import type { AgentSessionPatch } from "../../store/index.ts";

/** What an agent offers, as its agent session keeps it. */
export function statePatch(
  event: Exclude<StateEvent, { type: "usage" | "info" } | PastEvent>,
): AgentSessionPatch {
  switch (event.type) {
    case "commands":
      return { commands: event.commands };
    case "subagents":
      return { subagents: event.subagents };
    case "modes":
      return { modes: event.modes };
    case "models":
      return { models: event.models };
  }
}
