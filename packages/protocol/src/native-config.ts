/** What the configuration file says of the native agent and of the models that it can use. Keys never stand there. */
import { z } from "zod";

export const PROVIDER_KINDS = ["anthropic", "openai", "google", "openai-compatible"] as const;

/** The name of a provider, before the `/` of a model's. */
export const providerIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,63}$/, "Expected the name of a provider such as anthropic or my-endpoint.");

const tokens = z.int().min(1).max(1_000_000_000);
const dollars = z.number().min(0).max(1_000_000);

/** What is known of a model, in tokens and in US dollars per million of them; laid over what ships. */
export const modelConfigSchema = z.strictObject({
  name: z.string().min(1).max(128).optional(),
  context: tokens.optional(),
  input: tokens.optional().describe("Largest input, where it is less than the context."),
  output: tokens.optional(),
  price: z
    .strictObject({
      input: dollars,
      output: dollars,
      cacheRead: dollars.optional(),
      cacheWrite: dollars.optional(),
    })
    .optional(),
  images: z.boolean().optional(),
  pdf: z.boolean().optional(),
  tools: z.boolean().optional(),
  reasoning: z.boolean().optional(),
  variants: z
    .record(z.string().min(1).max(128), z.record(z.string(), z.unknown()))
    .optional()
    .describe("Options of the provider by the name of a variant."),
});

export const providerConfigSchema = z.strictObject({
  kind: z
    .enum(PROVIDER_KINDS)
    .optional()
    .describe(
      "How it is spoken to; default: by its name, else openai-compatible, as Ollama, LM Studio, vLLM and OpenRouter are.",
    ),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .optional()
    .describe("Address with its version, as http://127.0.0.1:11434/v1; default: the provider's own."),
  keyVariable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,127}$/)
    .optional()
    .describe("Variable that holds its key; default: its name in capitals with _API_KEY."),
  headers: z
    .record(z.string().min(1).max(128), z.string().max(4_096))
    .optional()
    .describe("Headers of each request."),
  models: z
    .record(z.string().min(1).max(256), modelConfigSchema)
    .optional()
    .describe("Its models by id, beside those that ship; of an openai-compatible one the only ones."),
});
export type ProviderConfig = z.infer<typeof providerConfigSchema>;

const modelName = z
  .string()
  .regex(
    /^[a-z][a-z0-9._-]{0,63}\/.{1,256}$/,
    "Expected a provider and its model, as anthropic/claude-sonnet-5.",
  );

export const nativeConfigSchema = z.strictObject({
  model: modelName
    .optional()
    .describe("Model of turns that name none; default: the first one that there is."),
  smallModel: modelName.optional().describe("Model for titles; default: the turn's."),
  maxSteps: z.int().min(1).max(10_000).optional().describe("Most steps of one turn; default 200."),
  hooks: z
    .array(z.string().min(1).max(4_096))
    .max(64)
    .optional()
    .describe("ES modules with hooks; a relative path begins at the configuration file."),
  instructions: z
    .array(z.string().min(1).max(4_096))
    .max(64)
    .optional()
    .describe("Files, globs and addresses that are told to the model beside AGENTS.md and its like."),
  compaction: z
    .strictObject({
      auto: z.boolean().optional().describe("Whether a full context is summarised; default true."),
      reserved: tokens
        .optional()
        .describe("Tokens that are kept free; default: what an answer may have, at most 20,000."),
      prune: z.boolean().optional().describe("Whether outputs of old calls are cleared; default false."),
    })
    .optional(),
  toolOutput: z
    .strictObject({
      maxLines: z.int().min(1).max(100_000).optional().describe("Default 2,000."),
      maxBytes: z.int().min(256).max(10_485_760).optional().describe("Default 51,200."),
    })
    .optional()
    .describe("How much of a tool's output the model gets; the whole is kept for a week."),
});
export type NativeConfig = z.infer<typeof nativeConfigSchema>;
