import { applyPatchTool } from "./apply-patch.ts";
import { bashTool } from "./bash.ts";
import { editTool } from "./edit.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { listTool } from "./list.ts";
import { questionTool } from "./question.ts";
import { readTool } from "./read.ts";
import { taskTool } from "./task.ts";
import { todoTool } from "./todo.ts";
import type { Tool } from "./tool.ts";
import { webfetchTool } from "./webfetch.ts";
import { writeTool } from "./write.ts";

/** Who works: the two agents of a session, and those that a task is given to. */
export type ToolUser = "build" | "plan" | "general" | "explore";

const LOOKING = [readTool, globTool, grepTool, listTool];
const CHANGING = [writeTool, editTool, applyPatchTool, bashTool];

/** Ids of every tool of ours, of whichever agent. */
export const TOOL_IDS: readonly string[] = [
  ...LOOKING,
  ...CHANGING,
  todoTool,
  taskTool([]),
  questionTool,
  webfetchTool(),
].map(({ id }) => id);

/**
 * What each has. `plan` and `explore` change nothing and run nothing; a task gives none to others and asks nobody.
 */
export function toolsOf(agent: ToolUser): Tool[] {
  const webfetch = webfetchTool();
  const tools = {
    build: [...LOOKING, ...CHANGING, todoTool, taskTool(["general", "explore"]), questionTool, webfetch],
    plan: [...LOOKING, todoTool, taskTool(["explore"]), questionTool, webfetch],
    general: [...LOOKING, ...CHANGING, webfetch],
    explore: [...LOOKING, webfetch],
  };
  return tools[agent] as Tool[];
}
