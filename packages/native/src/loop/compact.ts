/** One try of a compaction: a step whose answer is the summary that takes the place of what was said before (session-model 14.3). */
import type { Message, SessionError } from "@holdfast/protocol";
import {
  type CompactionPlan,
  planCompaction,
  summaryRequest,
  tailBudget,
  tokensOf,
  usableTokens,
} from "../compaction/index.ts";
import { COMPACTION_TEXT } from "../prompt/index.ts";
import type { ModelFacts } from "../wire.ts";
import { askModel, type ModelAnswer } from "./ask-model.ts";
import type { PromptRoom, Who } from "./room.ts";

/** What a compaction is made of: the same over all its tries. */
export type CompactionWork = {
  stepId: string;
  callIds: Set<string>;
  overflow: boolean;
  plan: CompactionPlan;
  request: string;
};

export type CompactionEnd =
  | (Extract<ModelAnswer, { outcome: "answered" }> & { goesOn: boolean })
  | Exclude<ModelAnswer, { outcome: "answered" }>;

/** Of a model whose context nobody knows: the half of what did not fit. */
const UNKNOWN = { share: 0.5, least: 4_000 };

/** Undefined where there is nothing that a summary could stand for. */
export async function planOf(
  { hooks, place }: PromptRoom,
  who: Who,
  {
    stepId,
    overflow,
    view,
    facts,
  }: { stepId: string; overflow: boolean; view: readonly Message[]; facts: ModelFacts },
): Promise<CompactionWork | undefined> {
  const known = usableTokens(facts, place.compaction);
  const size = view.reduce((sum, message) => sum + tokensOf(message), 0);
  const usable =
    known === undefined || known === 0 ? Math.max(UNKNOWN.least, Math.floor(size * UNKNOWN.share)) : known;
  const plan = planCompaction(view, { overflow, tail: tailBudget(usable) });
  if (plan === undefined) return undefined;
  const hook = await hooks.run("experimental.session.compacting", who, { context: [] });
  return { stepId, callIds: new Set(), overflow, plan, request: summaryRequest(plan, usable, hook) };
}

/** Said and committed before the model is asked; the summary stands once `isDone` is. */
export async function compact(
  room: PromptRoom,
  who: Who,
  { work, attempt, view }: { work: CompactionWork; attempt: number; view: readonly Message[] },
): Promise<CompactionEnd> {
  const { host } = room;
  const { stepId, callIds, overflow, plan, request } = work;
  const { tailStartId } = plan;
  const chosen = room.chosen();
  const told = {
    type: "compaction" as const,
    stepId,
    auto: true,
    overflow,
    ...(tailStartId === undefined ? {} : { tailStartId }),
  };
  if (attempt === 1) {
    const { model } = chosen;
    await host.say(
      { type: "step", stepId, summary: true },
      { type: "model", model },
      { ...told, isDone: false },
    );
    await host.commit();
  }
  const answer = await askModel(
    { ...room, who },
    {
      stepId,
      attempt,
      messageId: await rowOf(room, view, stepId),
      callIds,
      chosen,
      system: [COMPACTION_TEXT],
      messages: [{ role: "user", content: request }],
      tools: {},
      toolChoice: "none",
    },
  );
  if (answer.outcome !== "answered") return answer;
  await host.say(
    ...answer.calls.map(({ callId }) => ({
      type: "tool" as const,
      update: { callId, status: "error" as const, error: NO_TOOLS },
    })),
  );
  if (answer.isEmpty) return { outcome: "failed", error: EMPTY };
  return { ...answer, goesOn: await goesOn(room, who, overflow, view) };
}

/** The summary's own row, for hooks. */
async function rowOf({ host, hooks }: PromptRoom, view: readonly Message[], stepId: string): Promise<string> {
  if (!hooks.has("experimental.text.complete")) return stepId;
  return (await host.turn(view.at(-1)?.info.id)).at(-1)?.info.id ?? stepId;
}

/** Said of a call that a model makes all the same. */
const NO_TOOLS = "A summary has no tools: the call was not run.";

const EMPTY: SessionError = {
  name: "APIError",
  data: { message: "The summary of the session is empty", isRetryable: true },
};

export const NOTHING_TO_COMPACT: SessionError = {
  name: "ContextOverflowError",
  data: {
    message: "The context of the model is full, and there is nothing in it that a summary could stand for.",
  },
};

/** What a person asked and nobody answered yet is always gone on with; whether the work that was begun is, hooks decide. */
async function goesOn(
  { hooks }: PromptRoom,
  who: Who,
  overflow: boolean,
  view: readonly Message[],
): Promise<boolean> {
  if (view.at(-1)?.info.role === "user") return true;
  const { enabled } = await hooks.run(
    "experimental.compaction.autocontinue",
    { ...who, overflow },
    { enabled: true },
  );
  return enabled;
}
