import type { SessionState } from "@holdfast/client";
import { useState } from "react";
import { useClient, useLibrary } from "../data/index.ts";

const FIELD =
  "h-7 max-w-40 min-w-0 shrink truncate rounded-md bg-transparent px-1.5 text-sm text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:h-11 pointer-coarse:text-[1rem]";

/** Which agent and which of its models take the next message, from what is there now. Changing it changes the session's default. */
export function AgentPicker({ state }: { state: SessionState }) {
  const client = useClient();
  const { agents } = useLibrary();
  const [error, setError] = useState<string | undefined>();
  const { session } = state;
  if (session === undefined) return null;
  const patch = (body: Parameters<typeof client.patchSession>[1]) => {
    setError(undefined);
    client.patchSession(session.id, body).catch((problem: unknown) => {
      setError(problem instanceof Error ? problem.message : String(problem));
    });
  };
  const models = Object.values(state.agentSessions).find(({ agent }) => agent === session.agent)?.models;
  const chosen = session.model?.modelId ?? models?.current ?? "";
  const known = agents ?? [];
  return (
    <>
      <select
        aria-label="Agent"
        value={session.agent}
        onChange={(event) => patch({ agent: event.target.value, model: null })}
        className={FIELD}
      >
        {!known.some(({ id }) => id === session.agent) && (
          <option value={session.agent}>{session.agent}</option>
        )}
        {known.map((agent) => (
          <option key={agent.id} value={agent.id} disabled={!agent.available} title={agent.reason}>
            {agent.name}
            {agent.available ? "" : " (not available)"}
          </option>
        ))}
      </select>
      {models !== undefined && models.available.length > 0 && (
        <select
          aria-label="Model"
          value={chosen}
          onChange={(event) =>
            patch({ model: event.target.value === "" ? null : { modelId: event.target.value } })
          }
          className={FIELD}
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
      {error !== undefined && (
        <span role="alert" className="truncate text-xs text-danger" title={error}>
          {error}
        </span>
      )}
    </>
  );
}
