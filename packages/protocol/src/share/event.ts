import { z } from "zod";
import { countSchema, timeSchema } from "../common.ts";

/** An event of a share's stream (S-11): what an operation did, in the service's own numbers. `data` is the payload of its type, which a newer service may have more of. */
export const shareEventSchema = z
  .object({
    seq: countSchema,
    /** The seq that precedes it for this reader. */
    prev: countSchema.optional(),
    type: z.string(),
    time: timeSchema,
    data: z.unknown(),
  })
  .meta({ id: "ShareEvent" });
export type SharedEvent = z.infer<typeof shareEventSchema>;
