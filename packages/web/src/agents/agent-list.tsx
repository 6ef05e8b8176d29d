import type { Agent } from "@holdfast/protocol";
import { Bot, Check } from "lucide-react";
import { type KeyboardEvent, useId } from "react";
import { Chip, classes } from "../design/index.ts";
import { AgentFacts, MissingAgent } from "./agent-facts.tsx";
import { NativeOffer } from "./native-offer.tsx";

type AgentListProps = {
  agents: readonly Agent[];
  /** The one that is taken now. */
  current?: string | undefined;
  /** Without it the list only tells. */
  onChoose?: ((agent: Agent) => void) | undefined;
};

/** The agent that only practises. */
const REHEARSAL = "rehearsal";

/**
 * Every agent that is known: those that are here, what they can do; then those that are not, why, and how to get them. The native agent, as long as it has no
 * model, goes before all where nothing else works.
 */
export function AgentList({ agents, current, onChoose }: AgentListProps) {
  const here = agents.filter(({ available }) => available);
  const missing = agents.filter(({ available, backend }) => !available && backend !== "native");
  const isOffered = agents.some(({ available, backend }) => !available && backend === "native");
  const isAlone = here.every(({ id }) => id === REHEARSAL);
  return (
    <div className="flex flex-col gap-4">
      {isOffered && isAlone && <NativeOffer isOpen />}
      {here.length === 0 ? (
        <p className="text-sm text-ink-soft">No agent of this server can be started.</p>
      ) : (
        <ul
          aria-label="Agents that are here"
          onKeyDown={moveFocus}
          className="divide-y divide-line rounded-lg border border-line"
        >
          {here.map((agent) => (
            <HereAgent key={agent.id} agent={agent} isCurrent={agent.id === current} onChoose={onChoose} />
          ))}
        </ul>
      )}
      {isOffered && !isAlone && <NativeOffer isOpen={false} />}
      {missing.length > 0 && (
        <section aria-label="Agents that are not here" className="flex flex-col gap-2">
          <h3 className="text-sm font-medium text-ink-soft">Not on this machine</h3>
          <ul className="divide-y divide-line rounded-lg border border-line">
            {missing.map((agent) => (
              <li key={agent.id} className="flex flex-col gap-1.5 px-3 py-2.5">
                <span className="flex items-center gap-2 text-sm text-ink-soft">
                  <Bot size={15} className="text-ink-faint" /> {agent.name}
                </span>
                <MissingAgent agent={agent} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

type HereAgentProps = Pick<AgentListProps, "onChoose"> & { agent: Agent; isCurrent: boolean };

/** The whole row is the button's to press; its name alone is the button's name, and what the agent can do describes it. */
function HereAgent({ agent, isCurrent, onChoose }: HereAgentProps) {
  const facts = useId();
  return (
    <li
      className={classes(
        "relative flex min-w-0 flex-col gap-1 px-3 py-2.5 first:rounded-t-lg last:rounded-b-lg",
        isCurrent ? "bg-selected" : onChoose !== undefined && "hover:bg-hover",
      )}
    >
      <span className="flex items-center gap-2 text-sm">
        <Bot size={15} className="shrink-0 text-accent" />
        {onChoose === undefined ? (
          <span className="font-medium">{agent.name}</span>
        ) : (
          <button
            type="button"
            aria-describedby={facts}
            aria-current={isCurrent}
            onClick={() => onChoose(agent)}
            className="text-left font-medium outline-offset-2 after:absolute after:inset-0"
          >
            {agent.name}
          </button>
        )}
        {agent.version !== undefined && <span className="text-xs text-ink-faint">{agent.version}</span>}
        <span className="flex-1" />
        {isCurrent && (
          <Chip tone="accent">
            <Check size={12} /> this session
          </Chip>
        )}
      </span>
      <span id={facts}>
        <AgentFacts agent={agent} />
      </span>
    </li>
  );
}

/** Arrow keys go through the list as Tab does, Home and End to its ends. */
function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("li button")];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  buttons[Math.max(0, Math.min(buttons.length - 1, to))]?.focus();
}
