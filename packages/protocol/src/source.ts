import { z } from "zod";
import { countSchema } from "./common.ts";

/** The words of the prompt that a reference came from: the text and its UTF-16 range. */
export const sourceTextSchema = z.object({ value: z.string(), start: countSchema, end: countSchema });
export type SourceText = z.infer<typeof sourceTextSchema>;

const position = z.object({ line: countSchema, character: countSchema });
/** A range of a text as the Language Server Protocol has it. */
export const rangeSchema = z.object({ start: position, end: position });

/** Where a file part came from (session-model 8). */
export const fileSourceSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("file"), path: z.string(), text: sourceTextSchema }),
    z.object({
      type: z.literal("symbol"),
      path: z.string(),
      range: rangeSchema,
      name: z.string(),
      kind: z.int(),
      text: sourceTextSchema,
    }),
    z.object({
      type: z.literal("resource"),
      clientName: z.string(),
      uri: z.string(),
      text: sourceTextSchema,
    }),
  ])
  .meta({ id: "FileSource" });
