import { MAX_BACKGROUND_NAMES } from "@holdfast/protocol";
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
    case "background": {
      const { length: count } = event.tasks;
      const tasks = event.tasks.slice(0, MAX_BACKGROUND_NAMES);
      return { background: count === 0 ? null : { count, tasks } };
    }
  }
}
