import type { SessionState } from "@holdfast/client";
import { backgroundText, type Turn } from "@holdfast/protocol";
import { Chip } from "../design/index.ts";
import { Explained } from "./explained.tsx";
import { isWorthSaying, memoryOf } from "./memory.ts";
import { OPENED_WORDS, openedMeaning } from "./words.ts";

/** The background tasks of agents in this session, each of which may wake its agent, and those that were lost. */
export function BackgroundChips({ state }: { state: SessionState }) {
  return Object.values(state.agentSessions).flatMap(({ agent, background }) => {
    if (background === undefined) return [];
    const { count, lost } = background;
    const label = lost === undefined ? `${count} in background` : `${count} lost`;
    return [
      <Explained key={agent} explanation={`${agent}: ${backgroundText(background)}`}>
        <Chip tone={lost === undefined ? "neutral" : "attention"}>{label}</Chip>
      </Explained>,
    ];
  });
}

/** What the agent of the next message remembers: how its last turn found it, and what comes. */
export function MemoryChip({ state }: { state: SessionState }) {
  if (state.session === undefined) return null;
  const { label, tone, last, next } = memoryOf(state, state.session.agent);
  return (
    <Explained
      explanation={
        <span className="flex flex-col gap-1.5">
          {last !== undefined && <span>{last}</span>}
          <span className={last === undefined ? "" : "text-ink-soft"}>{next}</span>
        </span>
      }
    >
      <span className="sr-only">Memory of the agent: </span>
      <Chip tone={tone}>{label}</Chip>
    </Explained>
  );
}

/** How a turn found its agent; nothing where its program simply went on. */
export function OpenedChip({ turn }: { turn: Pick<Turn, "opened" | "openedBy"> }) {
  if (turn.opened === undefined || !isWorthSaying(turn)) return null;
  return (
    <Explained explanation={openedMeaning(turn.opened, turn.openedBy)}>
      <Chip tone={turn.opened === "lost" ? "attention" : "neutral"}>{OPENED_WORDS[turn.opened]}</Chip>
    </Explained>
  );
}
