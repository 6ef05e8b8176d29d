import type { ApprovalMode, Session } from "@holdfast/protocol";
import { canHold, MODE_WORDS, MODES, useSessionChange } from "../agents/index.ts";
import { useLibrary } from "../data/index.ts";
import { classes } from "../design/index.ts";

/** What the agent may do unasked. Modes that the session's agent cannot hold are shown and cannot be taken. */
export function ModePicker({ session }: { session: Pick<Session, "id" | "agent" | "approvalMode"> }) {
  const { agents } = useLibrary();
  const { change, problem } = useSessionChange(session.id);
  const agent = agents?.find(({ id }) => id === session.agent);
  const mode = session.approvalMode;
  return (
    <>
      {problem !== undefined && (
        <span role="alert" className="max-w-60 truncate text-xs text-danger" title={problem}>
          {problem}
        </span>
      )}
      <select
        aria-label="What the agent may do"
        value={mode}
        onChange={(event) => change({ approvalMode: event.target.value as ApprovalMode })}
        className={classes(
          "h-7 max-w-52 min-w-0 rounded-md bg-transparent px-1 text-sm hover:bg-hover pointer-coarse:h-11",
          mode === "all" || !canHold(agent, mode) ? "text-attention" : "text-ink-soft",
        )}
      >
        {MODES.map((name) => (
          <option key={name} value={name} disabled={!canHold(agent, name)}>
            {MODE_WORDS[name]}
            {canHold(agent, name) ? "" : ` (${agent?.name ?? session.agent} cannot)`}
          </option>
        ))}
      </select>
    </>
  );
}
