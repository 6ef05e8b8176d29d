import type { JsonObject } from "@holdfast/protocol";
import { jsonSchema, tool, type ToolSet } from "ai";
import { z } from "zod";
import type { Hooks } from "../hooks/index.ts";
import type { Tool } from "../tools/index.ts";
import type { ToolChoices, Who } from "./room.ts";

/** What may be used of what there is. */
export const chosenOf = (tools: readonly Tool[], choices: ToolChoices): readonly Tool[] =>
  tools.filter(({ id }) => (Object.hasOwn(choices, id) ? choices[id] : choices["*"]) ?? true);

/** The tools as the model is told of them, in the same order every time. None can be run by the SDK, and none is judged by it. */
export async function offerTools(tools: readonly Tool[], hooks: Hooks, who: Who): Promise<ToolSet> {
  const offered: ToolSet = {};
  for (const each of tools) {
    const { description, parameters } = await hooks.run(
      "tool.definition",
      { ...who, tool: each.id },
      { description: each.description, parameters: each.schema ?? schemaOf(each.input) },
    );
    offered[each.id] = tool({ description, inputSchema: jsonSchema(parameters) });
  }
  return offered;
}

/** Of each tool once: it takes longer than the rest of what a prompt needs before its first step. */
const SCHEMAS = new WeakMap<z.ZodType, JsonObject>();

/** A copy, for hooks may change it. */
function schemaOf(input: z.ZodType): JsonObject {
  const known = SCHEMAS.get(input);
  if (known !== undefined) return structuredClone(known);
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, { target: "draft-7", io: "input" });
  SCHEMAS.set(input, schema);
  return structuredClone<JsonObject>(schema);
}
