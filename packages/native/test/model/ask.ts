/** Asks the scripted model over HTTP as the loop does: one `streamText`, tools without `execute`, no retries of the SDK's. */
import { jsonSchema, type ModelMessage, streamText, type TextStreamPart, type ToolSet } from "ai";
import type { ScriptedModel } from "../../../../test/model/index.ts";
import {
  finishError,
  languageModel,
  markedInstructions,
  modelError,
  usageOf,
  withCacheMarks,
} from "../../src/model/index.ts";
import type { ModelFacts, ProviderAccess } from "../../src/wire.ts";

export const KINDS = ["anthropic", "openai", "google", "openai-compatible"] as const;
export type Kind = (typeof KINDS)[number];

/** Each behaves as its own kind knows it: reasoning is sealed, calls are signed. */
export const MODELS: Record<Kind, string> = {
  anthropic: "claude-opus-5-5",
  openai: "gpt-5",
  google: "gemini-3.1-pro-preview",
  "openai-compatible": "local",
};

export const KEY = "sk-test-0123456789abcdef";

export function accessTo(url: string, kind: Kind, facts?: ModelFacts): ProviderAccess {
  return {
    id: kind,
    kind,
    baseUrl: `${url}${kind === "google" ? "/v1beta" : "/v1"}`,
    key: KEY,
    models: facts === undefined ? {} : { [MODELS[kind]]: facts },
  };
}

const tools: ToolSet = {
  bash: {
    description: "Runs a command.",
    inputSchema: jsonSchema({
      type: "object",
      properties: { command: { type: "string" } },
      required: ["command"],
    }),
  },
};

export type Asked = {
  parts: TextStreamPart<ToolSet>[];
  /** What each error of the stream is to a session, and what its end is. */
  errors: ReturnType<typeof modelError>[];
  finish: string | undefined;
  ended: ReturnType<typeof finishError>;
  used: ReturnType<typeof usageOf>;
};

export async function ask(
  access: ProviderAccess,
  messages: string | ModelMessage[],
  options: {
    variant?: string;
    toolChoice?: "required";
    system?: string;
    signal?: AbortSignal;
    onPart?: (part: TextStreamPart<ToolSet>) => void;
  } = {},
): Promise<Asked> {
  const { variant, toolChoice, system = "You are an agent.", signal, onPart } = options;
  const modelId = MODELS[access.kind];
  const reached = languageModel(access, { modelId, ...(variant === undefined ? {} : { variant }) });
  const told: ModelMessage[] =
    typeof messages === "string" ? [{ role: "user", content: messages }] : messages;
  const asked: Asked = { parts: [], errors: [], finish: undefined, ended: undefined, used: {} };
  try {
    const { stream } = streamText({
      model: reached.model,
      instructions: markedInstructions([system], access.kind),
      messages: withCacheMarks(told, access.kind),
      tools,
      providerOptions: reached.providerOptions,
      maxRetries: 0,
      onError: () => undefined,
      ...(reached.maxOutputTokens === undefined ? {} : { maxOutputTokens: reached.maxOutputTokens }),
      ...(toolChoice === undefined ? {} : { toolChoice }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    for await (const part of stream) {
      onPart?.(part);
      asked.parts.push(part);
      if (part.type === "error") asked.errors.push(modelError(part.error, access));
      if (part.type !== "finish-step") continue;
      asked.finish = part.finishReason;
      asked.ended = finishError(part.finishReason, part.rawFinishReason);
      asked.used = usageOf(part.usage, part.providerMetadata, reached.facts);
    }
  } catch (error) {
    asked.errors.push(modelError(error, access));
  }
  return asked;
}

export function partsOf<Type extends TextStreamPart<ToolSet>["type"]>(
  asked: Asked,
  type: Type,
): Extract<TextStreamPart<ToolSet>, { type: Type }>[] {
  return asked.parts.filter(
    (part): part is Extract<TextStreamPart<ToolSet>, { type: Type }> => part.type === type,
  );
}

export function bodyOf(model: ScriptedModel): Record<string, unknown> {
  return model.requests.at(-1)?.body ?? {};
}
