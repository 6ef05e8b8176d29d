import { abilitiesOf, type Agent } from "@holdfast/protocol";
import { CopyCommand } from "./copy-command.tsx";
import { canHold, MODE_VERBS, MODES } from "./words.ts";

/** What an agent can do, and what to know about it. */
export function AgentFacts({ agent }: { agent: Agent }) {
  const { can, source } = abilitiesOf(agent);
  const held = MODES.filter((mode) => canHold(agent, mode));
  return (
    <span className="flex min-w-0 flex-col gap-0.5 text-xs text-ink-soft">
      <span>
        {source === "none" ? "What else it can do shows after its first turn." : sentence(can)}
        {source === "recorded" && ` As seen of version ${agent.recorded?.version ?? ""}.`}
      </span>
      <span className={held.includes("ask") ? "" : "font-medium text-attention"}>
        {held.includes("ask")
          ? `Can be told to ${held.map((mode) => MODE_VERBS[mode]).join(" · ")}`
          : "Acts without asking: it cannot be told to ask first."}
      </span>
    </span>
  );
}

/** Why an agent cannot be used, and how to get it. */
export function MissingAgent({ agent }: { agent: Agent }) {
  return (
    <span className="flex min-w-0 flex-col gap-1.5 text-xs text-ink-soft">
      <span>{agent.reason ?? "It is not available."}</span>
      {agent.install === undefined ? (
        <span>Install it, then look again.</span>
      ) : (
        <CopyCommand command={agent.install} />
      )}
    </span>
  );
}

function sentence(words: readonly string[]): string {
  const [first, ...rest] = words;
  if (first === undefined) return "It takes turns; more was not seen of it.";
  return `${first.charAt(0).toUpperCase()}${[first, ...rest].join(", ").slice(1)}.`;
}
