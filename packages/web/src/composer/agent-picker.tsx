import type { SessionState } from "@holdfast/client";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { AgentChooser, BackgroundChips, MemoryChip, useSessionChange } from "../agents/index.ts";
import { useLibrary } from "../data/index.ts";

const FIELD =
  "h-7 max-w-40 min-w-0 shrink rounded-md bg-transparent px-1.5 text-sm text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:h-11 pointer-coarse:text-[1rem]";

/** Which agent and which of its models take the next message, and what that agent remembers. Changing it changes the session's default. */
export function AgentPicker({ state }: { state: SessionState }) {
  const { agents } = useLibrary();
  const [isChoosing, setChoosing] = useState(false);
  const { session } = state;
  const { change, problem } = useSessionChange(session?.id ?? "");
  if (session === undefined) return null;
  const models = Object.values(state.agentSessions).find(({ agent }) => agent === session.agent)?.models;
  const chosen = session.model?.modelId ?? models?.current ?? "";
  const name = agents?.find(({ id }) => id === session.agent)?.name ?? session.agent;
  return (
    <>
      <button
        type="button"
        aria-label={`Agent: ${name}`}
        aria-haspopup="dialog"
        onClick={() => setChoosing(true)}
        className={`flex items-center gap-1 ${FIELD}`}
      >
        <span className="truncate">{name}</span>
        <ChevronDown size={14} className="shrink-0 text-ink-faint" />
      </button>
      {models !== undefined && models.available.length > 0 && (
        <select
          aria-label="Model"
          value={chosen}
          onChange={(event) =>
            change({ model: event.target.value === "" ? null : { modelId: event.target.value } })
          }
          className={`truncate ${FIELD}`}
        >
          {!models.available.some(({ id }) => id === chosen) && (
            <option value={chosen}>{chosen || "Default"}</option>
          )}
          {models.available.map((model) => (
            <option key={model.id} value={model.id}>
              {model.name}
            </option>
          ))}
        </select>
      )}
      <MemoryChip state={state} />
      <BackgroundChips state={state} />
      {problem !== undefined && (
        <span role="alert" className="min-w-0 truncate text-xs text-danger" title={problem}>
          {problem}
        </span>
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
