import type { SessionState } from "@holdfast/client";
import type { Todo } from "@holdfast/protocol";
import { Circle, CircleCheck, CircleDot, CircleX } from "lucide-react";
import { useState } from "react";
import { useLibrary } from "../data/index.ts";
import { PermissionCard, QuestionCard } from "../inbox/index.ts";
import { AgentWarning, troubledAgent } from "./agent-warning.tsx";
import { HeldTurn } from "./held-turn.tsx";
import { LimitNotice } from "./limit-notice.tsx";

const BAR = "scroll-area mx-auto flex w-full max-w-3xl shrink-0 flex-col gap-2 px-4 pb-2";

/** Between what was said and what will be: requests of this session that wait for an answer, what holds it up, and the agent's plan. */
export function TurnBar({ state }: { state: SessionState }) {
  const permissions = Object.values(state.permissions);
  const questions = Object.values(state.questions);
  const area = useAreaKey([...permissions, ...questions].map(({ id }) => id));
  const held = Object.values(state.turns).filter(
    ({ state, waitingFor }) => state === "queued" && waitingFor !== undefined && waitingFor.kind !== "limit",
  );
  const { agents } = useLibrary();
  const troubled = troubledAgent(agents, state.session);
  const isQuiet = state.todos.length + held.length === 0 && troubled === undefined;
  return (
    <>
      {/* Above what stands there already, so that a request that comes moves nothing of it. */}
      {permissions.length + questions.length > 0 && (
        <div key={area} className={`${BAR} max-h-[45dvh]`}>
          {permissions.map((permission) => (
            <PermissionCard key={permission.id} permission={permission} />
          ))}
          {questions.map((question) => (
            <QuestionCard key={question.id} question={question} />
          ))}
        </div>
      )}
      {state.session !== undefined && <LimitNotice session={state.session} className={BAR} />}
      {!isQuiet && (
        <div className={`${BAR} max-h-[30dvh]`}>
          {state.todos.length > 0 && <Plan todos={state.todos} />}
          {troubled !== undefined && state.session !== undefined && (
            <AgentWarning session={state.session} agent={troubled} />
          )}
          {held.map((turn) => (
            <HeldTurn key={turn.id} turn={turn} />
          ))}
        </div>
      )}
    </>
  );
}

/** The same as long as one of what is asked stays; another one for what is asked when all of that is gone: nothing moves from one to the other. */
function useAreaKey(ids: readonly string[]): string | undefined {
  const [area, setArea] = useState({ key: ids[0], ids });
  if (ids.join() === area.ids.join()) return area.key;
  const key = ids.some((id) => area.ids.includes(id)) ? area.key : ids[0];
  setArea({ key, ids });
  return key;
}

const ICONS = {
  pending: <Circle size={14} className="text-ink-faint" />,
  in_progress: <CircleDot size={14} className="text-busy" />,
  completed: <CircleCheck size={14} className="text-good" />,
  cancelled: <CircleX size={14} className="text-ink-faint" />,
} as const;

function Plan({ todos }: { todos: readonly Todo[] }) {
  const [isUnfolded, setUnfolded] = useState(false);
  const done = todos.filter(({ status }) => status === "completed").length;
  const current = todos.find(({ status }) => status === "in_progress");
  return (
    <section aria-label="Plan" className="rounded-lg border border-line bg-canvas text-sm">
      <button
        type="button"
        aria-expanded={isUnfolded}
        onClick={() => setUnfolded(!isUnfolded)}
        className="flex min-h-9 w-full items-center gap-2 px-3 text-left pointer-coarse:min-h-11"
      >
        <span className="font-medium">Plan</span>
        <span className="text-ink-faint tabular-nums">
          {done} of {todos.length}
        </span>
        <span dir="auto" className="min-w-0 flex-1 truncate text-ink-soft">
          {current?.content}
        </span>
      </button>
      {isUnfolded && (
        <ul className="flex flex-col gap-1.5 border-t border-line px-3 py-2">
          {todos.map((todo, index) => (
            <li key={index} className="flex items-start gap-2">
              <span className="mt-0.5">{ICONS[todo.status]}</span>
              <span dir="auto" className={todo.status === "cancelled" ? "line-through" : ""}>
                {todo.content}
              </span>
              <span className="sr-only">{todo.status}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
