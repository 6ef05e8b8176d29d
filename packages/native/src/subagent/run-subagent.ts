/**
 * A task for another agent: the same loop once more, inside of a call of the one that gives it.
 *
 *   call `task` runs ─► child began ─► said ... ─► ended ─► its last words are the result of the call
 *
 * It sees nothing of the session, and gives no tasks itself: its tools have none (`toolsOf`).
 */
import { newId, randomHex } from "@holdfast/kernel";
import { abortedError, type Message, type SessionError, type Turn } from "@holdfast/protocol";
import { PromptRun, type PromptRoom } from "../loop/index.ts";
import { NotAllowedError, type Tool, ToolError, toolsOf } from "../tools/index.ts";
import { isAnswer, wordsOf } from "../view/index.ts";
import type { PromptAnswer } from "../wire.ts";
import { ChildHost } from "./child-host.ts";
import { Rows } from "./rows.ts";

const NAMES = ["general", "explore"] as const;
type SubagentName = (typeof NAMES)[number];

/** `foreign`: tools of MCP servers, for those that may act. */
export function subagents(room: Omit<PromptRoom, "task">, foreign: readonly Tool[]): PromptRoom["task"] {
  return async (callId, { agent, description, prompt }, signal, choices) => {
    const name = NAMES.find((each) => each === agent);
    if (name === undefined)
      throw new ToolError(`There is no agent ${agent}. There are: ${NAMES.join(", ")}.`);
    const { host } = room;
    const child = childOf(room, callId, name, prompt);
    const { childId } = child;
    await host.say(
      { type: "tool", update: { callId, facts: { sessionId: childId, agent: name } } },
      { type: "child", childId, told: { type: "began", callId, title: description, prompt } },
    );
    await host.commit();
    const tools = name === "general" ? [...toolsOf(name), ...foreign] : toolsOf(name);
    const place = {
      ...room,
      host: child.host,
      agent: name,
      tools,
      choices,
      signal,
      format: undefined,
      steers: undefined,
    };
    const answer = await new PromptRun({ ...place, began: undefined, task: noTask }).run();
    const error = errorOf(answer);
    child.rows.settle(error);
    const usage = child.host.usage === undefined ? {} : { usage: child.host.usage };
    const finish = answer.outcome === "ended" ? { finish: answer.stopReason } : {};
    await host.say({
      type: "child",
      childId,
      told: { type: "ended", ...finish, ...usage, ...(error === undefined ? {} : { error }) },
    });
    return {
      text: textOf(answer, child.rows.messages, { sessionId: childId, agent: name }),
      sessionId: childId,
    };
  };
}

function childOf(
  { host, clock, place, chosen }: Omit<PromptRoom, "task">,
  callId: string,
  agent: SubagentName,
  prompt: string,
) {
  const [childId, sessionId, turnId] = [`task_${randomHex(8)}`, newId("ses"), newId("trn")];
  const { directory, root } = place;
  let ordinal = 0;
  const nextOrdinal = () => (ordinal += 1);
  const name = `native:${agent}`;
  const { model } = chosen();
  const rows = new Rows({ clock, sessionId, turnId, agent: name, model, directory, root, nextOrdinal });
  const now = clock.now();
  const turn: Turn = {
    id: turnId,
    sessionId,
    messageId: rows.ask(prompt),
    assistantMessageIds: [],
    agent: name,
    state: "running",
    attempts: 1,
    actor: { id: "native", kind: "agent", label: "native" },
    usage: {},
    time: { queued: now, started: now },
  };
  return { childId, rows, host: new ChildHost({ parent: host, childId, callId, turn, rows }) };
}

const noTask: PromptRoom["task"] = () =>
  Promise.reject(new ToolError("A task cannot be given on: do it yourself, or say what is left."));

function errorOf(answer: PromptAnswer): SessionError | undefined {
  if (answer.outcome === "failed") return answer.error;
  if (answer.stopReason === "cancelled") return abortedError("Cancelled");
  return answer.stopReason === "denied" ? abortedError("It was not allowed") : undefined;
}

/** The result of the call that gave the task. Where it did not come to its end that is an error, and what it is known by is kept. */
function textOf(
  answer: PromptAnswer,
  messages: readonly Message[],
  facts: { sessionId: string; agent: string },
): string {
  const last = messages.findLast((message) => isAnswer(message) && wordsOf(message) !== "");
  const words = last === undefined ? "" : wordsOf(last);
  if (answer.outcome === "failed") {
    const { data, name } = answer.error;
    const why = "message" in data ? data.message : name;
    throw new ToolError(
      `The task failed: ${why}${words === "" ? "" : `\n\nUp to then it said:\n${words}`}`,
      facts,
    );
  }
  switch (answer.stopReason) {
    case "denied":
      throw new NotAllowedError("reject");
    case "cancelled":
      throw new ToolError("Cancelled", { ...facts, interrupted: true });
    case "max_turn_requests":
      return `${words}\n\n(It had reached its last step: the work may not be done.)`.trim();
    default:
      return words === "" ? "(It said nothing.)" : words;
  }
}
