import type { Agent, Session } from "@holdfast/protocol";
import { TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { AgentChooser, canHold, CopyCommand, MODE_WORDS, MODES, useSessionChange } from "../agents/index.ts";
import { Button, Notice } from "../design/index.ts";

/** Why the session's next turn would not start: its agent is gone from this machine, or cannot hold its mode. Says what can be done. */
export function AgentWarning({ session, agent }: { session: Omit<Session, "lastSeq">; agent: Agent }) {
  const { change, problem } = useSessionChange(session.id);
  const [isChoosing, setChoosing] = useState(false);
  const other = (
    <Button size="small" onClick={() => setChoosing(true)}>
      Choose another agent
    </Button>
  );
  return (
    <>
      {agent.available ? (
        <Warning action={other}>
          <strong className="font-semibold">
            {agent.name} cannot hold “{MODE_WORDS[session.approvalMode].toLowerCase()}”.
          </strong>{" "}
          Its turns do not start in this mode.
          <span className="mt-1.5 flex flex-wrap gap-2">
            {MODES.filter((mode) => canHold(agent, mode)).map((mode) => (
              <Button key={mode} size="small" onClick={() => change({ approvalMode: mode })}>
                {MODE_WORDS[mode]}
              </Button>
            ))}
          </span>
        </Warning>
      ) : (
        <Warning action={other}>
          <strong className="font-semibold">{agent.name} cannot be started.</strong> {agent.reason}
          {agent.install !== undefined && (
            <span className="mt-1.5 block">
              <CopyCommand command={agent.install} />
            </span>
          )}
        </Warning>
      )}
      {problem !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {problem}
        </p>
      )}
      {isChoosing && (
        <AgentChooser
          session={session}
          onClose={() => setChoosing(false)}
          onChoose={(patch) => {
            setChoosing(false);
            change(patch);
          }}
        />
      )}
    </>
  );
}

function Warning({ action, children }: { action: ReactNode; children: ReactNode }) {
  return (
    <Notice
      tone="attention"
      role="status"
      icon={<TriangleAlert size={16} className="self-start text-attention" />}
      action={action}
    >
      {children}
    </Notice>
  );
}

/** The agent of a session when there is something to warn of. */
export function troubledAgent(
  agents: readonly Agent[] | undefined,
  session: Omit<Session, "lastSeq"> | undefined,
): Agent | undefined {
  const agent = agents?.find(({ id }) => id === session?.agent);
  if (agent === undefined || session === undefined) return undefined;
  return agent.available && canHold(agent, session.approvalMode) ? undefined : agent;
}
