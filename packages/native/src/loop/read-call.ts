/** What a model calls: a tool with its input, or something that cannot be run and is told so (session-model 11.1). Pure. */
import { type JsonObject, toolInput } from "@holdfast/protocol";
import { z } from "zod";
import type { Tool } from "../tools/index.ts";

/** A call as the model made it. `raw` is its input as it came. */
export type ModelCall = { callId: string; name: string; raw: string };

type ReadCall =
  | { isValid: true; tool: Tool; input: JsonObject; parsed: unknown }
  | { isValid: false; input: { tool: string; error: string } };

/** Said of a call that was cut off (session-model 11.3). */
export const ABORTED = "Tool execution aborted";

/** Objects and lists inside of each other in the input of a call. */
const MAX_DEPTH = 100;

/** Under this name stands what cannot be run. */
export const INVALID = "invalid";

export function readCall({ name, raw }: ModelCall, tools: readonly Tool[]): ReadCall {
  const tool = tools.find(({ id }) => id === name) ?? tools.find(({ id }) => id === name.toLowerCase());
  if (tool === undefined) {
    const known = tools.map(({ id }) => id).join(", ");
    return invalid(name, `There is no tool of this name. There are: ${known}.`);
  }
  let value: unknown;
  try {
    value = raw.trim() === "" ? {} : JSON.parse(raw);
  } catch (error) {
    return invalid(name, `Its input is no JSON: ${(error as Error).message}`);
  }
  return readInput(tool, toolInput(value));
}

/** The same for an input that is an object already. */
export function readInput(tool: Tool, input: JsonObject): ReadCall {
  if (isDeeper(input, MAX_DEPTH)) return invalid(tool.id, `Its input is more than ${MAX_DEPTH} levels deep.`);
  const parsed = tool.input.safeParse(input);
  if (parsed.success) return { isValid: true, tool, input, parsed: parsed.data };
  return invalid(tool.id, `Its input does not fit:\n${z.prettifyError(parsed.error)}`);
}

/** What the model is told of it. */
export const invalidText = ({ tool, error }: { tool: string; error: string }): string =>
  `The call of ${tool} was not run. ${error}`;

const invalid = (tool: string, error: string): ReadCall => ({ isValid: false, input: { tool, error } });

/** Level by level, because what is nested deeply enough ends whoever calls himself for it. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levels; depth += 1) {
    level = level.flatMap((each): unknown[] =>
      typeof each === "object" && each !== null ? Object.values(each) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
