/** A workspace and a context in which a test runs a tool as the loop does: input through its schema, results into the past. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "@holdfast/kernel";
import type { JsonObject, QuestionAnswer, Todo } from "@holdfast/protocol";
import { temporaryDirectory } from "../../../test/harness/temporary-directory.ts";
import type { Permit, Tool, ToolContext, ToolResult } from "../src/tools/tool.ts";
import type { AgentQuestion } from "../src/wire.ts";

type Told = Parameters<ToolContext["tell"]>[0];

export type ToolPlace = AsyncDisposable & {
  /** The workspace; its parent holds `outside` and `outputs`. */
  path: string;
  top: string;
  permits: Permit[];
  told: Told[];
  /** What was said and done, in order. */
  log: string[];
  questions: AgentQuestion[];
  plans: Todo[][];
  tasks: { agent: string; description: string; prompt: string }[];
  leave: AbortController;
  clock: Clock;
  environment: Record<string, string>;
  /** What `permit` does beside taking note; it allows unless this rejects. */
  onPermit: (request: Permit) => Promise<void> | void;
  /** What `changes` does beside taking note. */
  onChanges: () => void;
  answer: QuestionAnswer;
  run(tool: Tool, input: object): Promise<ToolResult>;
};

export async function toolPlace(): Promise<ToolPlace> {
  const { path: top, [Symbol.asyncDispose]: dispose } = await temporaryDirectory("tools");
  const path = join(top, "workspace");
  for (const name of ["workspace", "outside", "outputs"]) mkdirSync(join(top, name));
  const past: { tool: string; input: JsonObject; metadata: JsonObject }[] = [];
  const place: ToolPlace = {
    path,
    top,
    permits: [],
    told: [],
    log: [],
    questions: [],
    plans: [],
    tasks: [],
    leave: new AbortController(),
    clock: systemClock,
    environment: { PATH: process.env["PATH"] ?? "", HOME: join(top, "home") },
    onPermit: () => undefined,
    onChanges: () => undefined,
    answer: { action: "accept", content: {} },
    run: async (tool, input) => {
      const taken = tool.input.parse(input);
      const result = await tool.run(taken, contextOf(place, past));
      past.unshift({ tool: tool.id, input: taken as JsonObject, metadata: result.metadata ?? {} });
      return result;
    },
    [Symbol.asyncDispose]: dispose,
  };
  return place;
}

function contextOf(
  place: ToolPlace,
  past: { tool: string; input: JsonObject; metadata: JsonObject }[],
): ToolContext {
  return {
    callId: "call1",
    directory: place.path,
    root: place.path,
    outputDirectory: join(place.top, "outputs"),
    clock: place.clock,
    signal: place.leave.signal,
    environment: place.environment,
    past: () => past,
    permit: async (request) => {
      place.permits.push(request);
      place.log.push(`permit ${request.kind}`);
      await place.onPermit(request);
    },
    askQuestion: (question) => {
      place.questions.push(question);
      return Promise.resolve(place.answer);
    },
    tell: (update) => {
      place.told.push(update);
      if (update.diffs !== undefined) place.log.push("diffs");
    },
    changes: (path) => {
      place.log.push(`changes ${path.slice(place.top.length + 1)}`);
      place.onChanges();
      return Promise.resolve();
    },
    plan: (todos) => void place.plans.push(todos),
    task: (task) => {
      place.tasks.push(task);
      return Promise.resolve({ text: "done", sessionId: "ses_child" });
    },
  };
}
