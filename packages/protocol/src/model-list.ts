import { z } from "zod";

const dollars = z.number().nonnegative();

/** A model that native agents can be asked for, as `id`. Whether it can be reached is not known. Tokens, and US dollars per million of them; absent is unknown. */
export const listedModelSchema = z
  .object({
    id: z.string(),
    providerId: z.string(),
    modelId: z.string(),
    name: z.string(),
    context: z.number().optional(),
    output: z.number().optional(),
    price: z
      .object({
        input: dollars,
        output: dollars,
        cacheRead: dollars.optional(),
        cacheWrite: dollars.optional(),
      })
      .optional(),
    variants: z.array(z.string()),
    /** Of turns that name none. */
    isDefault: z.boolean(),
  })
  .meta({ id: "ListedModel" });
export type ListedModel = z.infer<typeof listedModelSchema>;

/** `problem`: why there are none, or not all, and what to do. */
export const modelListSchema = z
  .object({ items: z.array(listedModelSchema), problem: z.string().optional() })
  .meta({ id: "ModelList" });
export type ModelList = z.infer<typeof modelListSchema>;
