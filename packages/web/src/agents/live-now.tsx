import type { LiveAgent } from "@holdfast/protocol";
import { Square } from "lucide-react";
import { useState } from "react";
import { useClient, useLibrary, useNow } from "../data/index.ts";
import { Button, Notice, Skeleton } from "../design/index.ts";
import { LiveList } from "./live-list.tsx";
import { useLiveAgents } from "./use-live-agents.ts";

/** The agents that live on the server now, and what can be done about each. */
export function LiveNow() {
  const { live, at, problem, look } = useLiveAgents();
  const { sessions, archived, agents } = useLibrary();
  const now = useNow(1_000);
  if (live === undefined && problem === undefined)
    return <Skeleton lines={4} label="Looking at what is live" />;
  const since = Math.max(0, now - at);
  return (
    <>
      {problem !== undefined && (
        <Notice
          tone="attention"
          role="status"
          action={
            <Button size="small" onClick={look}>
              Try now
            </Button>
          }
        >
          {live === undefined
            ? `What is live could not be read: ${problem}`
            : `This is what was live before; it could not be read again: ${problem}`}
        </Notice>
      )}
      {live !== undefined && (
        <LiveList
          live={{
            ...live,
            items: live.items.map((one) =>
              one.idleMs === undefined ? one : { ...one, idleMs: one.idleMs + since },
            ),
          }}
          titleOf={(id) => (sessions.get(id) ?? archived?.get(id))?.title}
          nameOf={(id) => agents?.find((agent) => agent.id === id)?.name ?? id}
          actionOf={(one) => <StopTurn one={one} onDone={look} />}
        />
      )}
    </>
  );
}

/** Stops the turn that a live agent works on. Idle ones need nothing: they are closed by themselves. */
function StopTurn({ one, onDone }: { one: LiveAgent; onDone: () => void }) {
  const client = useClient();
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  if (one.state !== "busy" && one.state !== "opening" && one.state !== "waiting") return null;
  const stop = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      const { items } = await client.listTurns(one.sessionId);
      const running = items.find(({ state, agent }) => state === "running" && agent === one.agent);
      if (running !== undefined) await client.cancelTurn(running.id);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(false);
      onDone();
    }
  };
  return (
    <>
      {problem !== undefined && (
        <span role="alert" className="text-xs text-danger">
          {problem}
        </span>
      )}
      <Button
        size="small"
        tone="danger"
        aria-label="Stop the turn"
        disabled={isAsked}
        onClick={() => void stop()}
      >
        <Square size={13} /> Stop
      </Button>
    </>
  );
}
