import type { Agent, ApprovalMode, Session } from "@holdfast/protocol";
import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useApp, useLibrary } from "../data/index.ts";
import { Button, Dialog, IconButton, Notice } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { GivenServers } from "./given-servers.tsx";
import { KnownAgents } from "./known-agents.tsx";
import { LookAgain } from "./look-again.tsx";
import { canHold, MODE_WORDS, MODES } from "./words.ts";

type Change = { agent: string; model: null; approvalMode?: ApprovalMode };

type AgentChooserProps = {
  session: Pick<Session, "agent" | "approvalMode" | "projectId" | "mcpServers">;
  onChoose: (change: Change) => void;
  onClose: () => void;
};

/** Which agent takes the next message. One that cannot hold the session's mode is taken only together with a mode that it can. */
export function AgentChooser({ session, onChoose, onClose }: AgentChooserProps) {
  const [risky, setRisky] = useState<Agent | undefined>();
  const content = useRef<HTMLDivElement>(null);
  const { library } = useApp();
  // What was seen of an agent is no event; a list that is a little old is still of use when the server does not answer.
  useEffect(() => void library.refreshAgents().catch(() => undefined), [library]);
  const { agents } = useLibrary();
  const isPlaced = useRef(false);
  // Once the list is there; and again when a newer list moved the entry that had the focus, which loses it then.
  useEffect(() => {
    const dialog = content.current?.closest("dialog");
    if (isPlaced.current && dialog?.querySelector(":focus") !== null) return;
    const current = content.current?.querySelector<HTMLElement>("[aria-current=true]");
    current?.focus();
    isPlaced.current ||= current != null;
  }, [agents]);
  const choose = (agent: Agent) => {
    if (agent.id === session.agent) return onClose();
    if (!canHold(agent, session.approvalMode)) return setRisky(agent);
    onChoose({ agent: agent.id, model: null });
  };
  return (
    <Dialog
      label="Agents"
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] flex-col open:flex max-h-[84dvh] overflow-hidden"
    >
      <header className="flex shrink-0 items-center gap-1 border-b border-line py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">{risky === undefined ? "Agents" : risky.name}</h2>
        {risky === undefined && <LookAgain />}
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div ref={content} className="scroll-area flex min-h-0 flex-col gap-4 p-4">
        {risky === undefined ? (
          <>
            <KnownAgents current={session.agent} onChoose={choose} />
            <GivenServers session={session} />
          </>
        ) : (
          <Confirm
            agent={risky}
            mode={session.approvalMode}
            onBack={() => setRisky(undefined)}
            onChoose={(approvalMode) => onChoose({ agent: risky.id, model: null, approvalMode })}
          />
        )}
      </div>
      <footer className="flex shrink-0 items-center border-t border-line px-4 py-2.5 text-xs text-ink-soft">
        <Link
          to={{ at: "agents" }}
          className="inline-flex items-center text-accent underline underline-offset-2 pointer-coarse:min-h-11"
        >
          What runs now
        </Link>
      </footer>
    </Dialog>
  );
}

type ConfirmProps = {
  agent: Agent;
  mode: ApprovalMode;
  onBack: () => void;
  onChoose: (mode: ApprovalMode) => void;
};

function Confirm({ agent, mode, onBack, onChoose }: ConfirmProps) {
  return (
    <>
      <Notice tone="attention" role="status">
        <strong className="font-semibold">{agent.name} cannot hold the mode of this session.</strong> The
        session is set to “{MODE_WORDS[mode].toLowerCase()}”. Choose how it may work, or keep the agent that
        you have.
      </Notice>
      <div className="flex flex-wrap gap-2">
        {MODES.filter((one) => canHold(agent, one)).map((one) => (
          <Button key={one} tone={one === "all" ? "danger" : "plain"} onClick={() => onChoose(one)}>
            {MODE_WORDS[one]}
          </Button>
        ))}
        <Button tone="quiet" autoFocus onClick={onBack}>
          Back
        </Button>
      </div>
    </>
  );
}
