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
          actionOf={(one) => <Deed one={one} onDone={look} />}
        />
      )}
    </>
  );
}

type DeedProps = { one: LiveAgent; onDone: () => void };

/** What can be done about a live agent: its turn is stopped while it has one, then it can be closed before its time. */
function Deed({ one, onDone }: DeedProps) {
  switch (one.state) {
    case "opening":
    case "busy":
    case "waiting":
      return <StopTurn one={one} onDone={onDone} />;
    case "idle":
      return <CloseAgent one={one} onDone={onDone} />;
    case "closing":
      return null;
  }
}

/** Stops the turn that a live agent works on. */
function StopTurn({ one, onDone }: DeedProps) {
  const client = useClient();
  const { isAsked, problem, ask } = useDeed(onDone);
  const stop = async () => {
    const { items } = await client.listTurns(one.sessionId);
    const running = items.find(({ state, agent }) => state === "running" && agent === one.agent);
    if (running !== undefined) await client.cancelTurn(running.id);
  };
  return (
    <>
      <Problem text={problem} />
      <Button
        size="small"
        tone="danger"
        aria-label="Stop the turn"
        disabled={isAsked}
        onClick={() => void ask(stop)}
      >
        <Square size={13} /> Stop
      </Button>
    </>
  );
}

/** Closes an idle agent, which takes memory and a place until it was idle for long. Nothing is lost: its next turn resumes it. */
function CloseAgent({ one, onDone }: DeedProps) {
  const client = useClient();
  const { isAsked, problem, ask } = useDeed(onDone);
  return (
    <>
      <Problem text={problem} />
      <Button
        size="small"
        tone="quiet"
        aria-label="Close the agent"
        title="Ends its program now. The next turn starts it again, with its memory."
        disabled={isAsked}
        onClick={() => void ask(() => client.closeAgent(one.sessionId, one.agent))}
      >
        Close
      </Button>
    </>
  );
}

/** One deed at a time, and why the last one failed. */
function useDeed(onDone: () => void) {
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const ask = async (deed: () => Promise<unknown>) => {
    setAsked(true);
    setProblem(undefined);
    try {
      await deed();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(false);
      onDone();
    }
  };
  return { isAsked, problem, ask };
}

function Problem({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span role="alert" className="text-xs text-danger">
      {text}
    </span>
  );
}
