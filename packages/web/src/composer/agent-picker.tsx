import type { SessionState } from "@holdfast/client";
import { Bot, ChevronDown } from "lucide-react";
import { useState } from "react";
import { AgentChooser, BackgroundChips, MemoryChip, useSessionChange } from "../agents/index.ts";
import { useLibrary } from "../data/index.ts";
import { classes } from "../design/index.ts";
import { ModelPicker } from "../models/index.ts";

const FIELD =
  "h-7 max-w-40 min-w-0 shrink rounded-md bg-transparent px-1.5 text-sm text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:h-11 pointer-coarse:text-[1rem]";

/** Which agent and which of its models take the next message, and what that agent remembers. Changing it changes the session's default. */
export function AgentPicker({ state, isBusy }: { state: SessionState; isBusy: boolean }) {
  const { agents } = useLibrary();
  const [isChoosing, setChoosing] = useState(false);
  const { session } = state;
  const { change, problem } = useSessionChange(session?.id ?? "");
  if (session === undefined) return null;
  const models = Object.values(state.agentSessions).find(({ agent }) => agent === session.agent)?.models;
  const chosen = session.model?.modelId ?? models?.current ?? "";
  const agent = agents?.find(({ id }) => id === session.agent);
  const name = agent?.name ?? session.agent;
  const isNative = agent?.backend === "native";
  return (
    <>
      <button
        type="button"
        aria-label={`Agent: ${name}`}
        aria-haspopup="dialog"
        onClick={() => setChoosing(true)}
        className={`flex items-center gap-1 ${FIELD}`}
      >
        {isNative && <Bot size={16} className="shrink-0 sm:hidden" />}
        <span className={classes("truncate", isNative && "max-sm:sr-only")}>{name}</span>
        <ChevronDown size={14} className="shrink-0 text-ink-faint" />
      </button>
      {isNative && (
        <ModelPicker chosen={session.model} onChoose={(model) => change({ model })} className={FIELD} />
      )}
      {!isNative && models !== undefined && models.available.length > 0 && (
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
      {/* Beside a model and the buttons of a turn there is no room for it on a phone; the turn says it too. */}
      <span className={classes("contents", isNative && isBusy && "max-sm:hidden")}>
        <MemoryChip state={state} />
      </span>
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
