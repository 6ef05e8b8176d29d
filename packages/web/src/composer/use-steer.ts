import type { SessionState } from "@holdfast/client";
import type { Turn } from "@holdfast/protocol";
import { useEffect } from "react";
import { useApp, useLibrary } from "../data/index.ts";

/**
 * How a message reaches the agent before its turn has ended: into the turn, where its agent takes it, else by ending the turn. Undefined while
 * none runs, and while nobody knows.
 */
export function useSteer(
  session: SessionState["session"],
  running: Turn | undefined,
): "steer" | "stop" | undefined {
  const { agents } = useLibrary();
  const { library } = useApp();
  const opened = running?.opened === undefined ? undefined : running.id;
  // What an agent takes is learnt when it is opened, and told by no event.
  useEffect(() => {
    if (opened !== undefined) library.refreshAgents().catch(() => undefined);
  }, [library, opened]);
  if (running === undefined) return undefined;
  const agent = agents?.find(({ id }) => id === running.agent);
  if (agent === undefined || agent.features.steer === "unknown") return undefined;
  return agent.features.steer === "yes" && agent.id === session?.agent ? "steer" : "stop";
}
