/** What a recorded stream tells of what an agent may leave unsaid, as our own backend reads it. */
import { join } from "node:path";
import { limitReset } from "@holdfast/protocol";
import { type Replayed, replayFile } from "../../packages/server/test/agents/replayed-stream.ts";
import type { AgentId } from "./agents.ts";
import type { UNTOLD } from "./cells.ts";

type Kind = keyof typeof UNTOLD;
type Turn = Replayed["turns"][number];
type Event = Turn["events"][number];

/** Replays the stream of a cell. */
export const readStream = (agent: AgentId, file: string): Promise<Replayed> =>
  replayFile(agent, join(import.meta.dirname, file));

/** What is told in a turn after all. */
export function toldIn({ events, result }: Turn): Kind[] {
  const kinds = events.flatMap((event) => kindOf(event) ?? []);
  const hasReset = "error" in result && limitReset(result.error, Date.now()) !== undefined;
  return hasReset ? [...kinds, "reset"] : kinds;
}

function kindOf(event: Event): Kind | undefined {
  switch (event.type) {
    case "retry":
    case "compaction":
    case "step":
      return event.type;
    case "tool":
      return (event.update.attachments?.length ?? 0) > 0 ? "attachment" : undefined;
    case "raw":
      // A request that a question comes as; a replay answers none.
      return event.kind === "elicitation/create" ? "question" : undefined;
    default:
      return undefined;
  }
}
