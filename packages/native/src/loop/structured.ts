/** The answer as JSON: a call whose input it is (session-model 2). The server reads the stored call, and judges it. */
import type { JsonObject } from "@holdfast/protocol";
import { z } from "zod";
import type { Tool } from "../tools/index.ts";

export const STRUCTURED = "StructuredOutput";

/** Its input is what the schema says; whether it fits is not decided here. */
export function structuredTool({ $schema: _dialect, ...schema }: JsonObject): Tool {
  return {
    id: STRUCTURED,
    kind: "other",
    description: "Gives the final answer. Call it once, when the work is done: its input is the answer.",
    input: z.record(z.string(), z.unknown()),
    schema,
    title: () => "Answer",
    run: () => Promise.resolve({ title: "Answer", output: "The answer was taken." }),
  };
}
