/** What is refused of subtasks before anything of their input is stored. */
import {
  type InputPart,
  modelsOf,
  MOST_SUBTASKS,
  type Session,
  SUBTASK_DEPTH,
  unhonoured,
  unoffered,
} from "@holdfast/protocol";
import { requireAgent, requireApprovalMode } from "./agent-choice.ts";
import type { SessionDeps } from "./deps.ts";
import { agentSessionOf, refusal } from "./honoured.ts";

type SubtaskInput = Extract<InputPart, { type: "subtask" }>;
type Deps = Pick<SessionDeps, "store" | "catalog">;

/**
 * Each subtask can be run as far as that is known: its agent is there and holds the session's mode, and what is asked of it beside words is offered by the
 * session's own agent of that name, where it has one. Rejects AGENT_UNAVAILABLE, and UNPROCESSABLE with the field.
 */
export async function requireSubtasks(
  deps: Deps,
  session: Session,
  parts: readonly InputPart[],
): Promise<void> {
  const asked = parts.flatMap((part, index) =>
    part.type === "subtask" ? [{ part, path: `parts.${index}` }] : [],
  );
  if (asked.length === 0) return;
  if (asked.length > MOST_SUBTASKS)
    throw refusal(
      "parts",
      `An input has at most ${MOST_SUBTASKS} subtasks, and this one has ${asked.length}.`,
    );
  if ((await depthOf(deps, session)) >= SUBTASK_DEPTH)
    throw refusal(
      "parts",
      `Session ${session.id} is ${SUBTASK_DEPTH} levels below its first one: it has no subtasks.`,
    );
  for (const { part, path } of asked) await requireSubtask(deps, session, part, path);
}

async function requireSubtask(deps: Deps, session: Session, part: SubtaskInput, path: string): Promise<void> {
  const agent = await requireAgent(deps, part.agent);
  requireApprovalMode(agent, session.approvalMode);
  const { command, model } = part;
  if (command === undefined && part.prompt.trim() === "")
    throw refusal(`${path}.prompt`, `${path}.prompt: a subtask needs words, or a command.`);
  if (command !== undefined && !/^[^\s/]\S*$/.test(command))
    throw refusal(`${path}.command`, `${path}.command: a command is one word without a slash before it.`);
  const known = await agentSessionOf(deps, session.id, agent.id);
  const facts = { features: agent.features, models: modelsOf(known?.models), isOpen: false };
  const refused =
    unhonoured(agent.id, { model }, facts) ??
    (command === undefined || known?.commands === undefined
      ? undefined
      : unoffered(
          agent.id,
          command,
          known.commands.map(({ name }) => name),
        ));
  if (refused !== undefined) throw refusal(`${path}.${refused.field}`, `${path}.${refused.message}`);
}

/** How many sessions stand above one, as far as it matters. */
async function depthOf({ store }: Deps, session: Session): Promise<number> {
  let depth = 0;
  for (let at: Session | undefined = session; at?.parentId !== undefined && depth < SUBTASK_DEPTH; depth += 1)
    at = await store.getSession(at.parentId);
  return depth;
}
