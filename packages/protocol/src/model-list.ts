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

/** Where keys are looked for: a file, what is wrong with it, and a variable of the server for each provider that has no key yet. Never a key. */
const keyPlacesSchema = z.object({
  file: z.string(),
  problem: z.string().optional(),
  missing: z.array(z.object({ providerId: z.string(), variable: z.string() })),
});

/** `problem`: why there are none, or not all, and what to do. */
export const modelListSchema = z
  .object({ items: z.array(listedModelSchema), problem: z.string().optional(), keys: keyPlacesSchema })
  .meta({ id: "ModelList" });
export type ModelList = z.infer<typeof modelListSchema>;
