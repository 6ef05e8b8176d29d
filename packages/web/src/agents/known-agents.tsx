import type { Agent } from "@holdfast/protocol";
import { useConnection, useLibrary } from "../data/index.ts";
import { Notice, Skeleton } from "../design/index.ts";
import { AgentList } from "./agent-list.tsx";

type KnownAgentsProps = { current?: string; onChoose?: (agent: Agent) => void };

/** The agents as they were last told, which is said where it may be old. */
export function KnownAgents({ current, onChoose }: KnownAgentsProps) {
  const { agents } = useLibrary();
  const { state } = useConnection();
  return (
    <>
      {state === "offline" && (
        <Notice tone="attention" role="status">
          No connection to the server: this is what was known before.
        </Notice>
      )}
      {agents === undefined ? (
        <Skeleton lines={6} label="Looking for agents" />
      ) : (
        <AgentList agents={agents} current={current} onChoose={onChoose} />
      )}
    </>
  );
}
