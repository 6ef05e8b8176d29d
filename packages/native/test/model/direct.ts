/** What a step costs without Holdfast: the AI SDK called directly, with the tools of the agent, its calls answered at once, all in memory. */
import { jsonSchema, type JSONSchema7, type ModelMessage, streamText, type ToolSet } from "ai";
import { z } from "zod";
import { languageModel } from "../../src/model/index.ts";
import { systemPrompt } from "../../src/prompt/index.ts";
import { toolsOf } from "../../src/tools/index.ts";

export type Direct = {
  /** One prompt, with all the steps that it takes. */
  turn(text: string): Promise<void>;
  end(): Promise<void>;
};

export function startDirect(url: string, modelId: string): Direct {
  const access = { id: "direct", kind: "openai-compatible" as const, baseUrl: `${url}/v1`, models: {} };
  const { model } = languageModel(access, { modelId });
  const tools: ToolSet = Object.fromEntries(
    toolsOf("build").map(({ id, description, input }) => [
      id,
      { description, inputSchema: jsonSchema(z.toJSONSchema(input) as JSONSchema7) },
    ]),
  );
  const place = { directory: "/work", root: "/work", isGit: false, platform: process.platform };
  const instructions = systemPrompt({
    agent: "build",
    ...place,
    today: "2026-11-30",
    modelId,
    instructions: [],
  });
  const messages: ModelMessage[] = [];
  const step = async (): Promise<number> => {
    const { stream, toolCalls, responseMessages } = streamText({
      model,
      instructions,
      messages,
      tools,
      maxRetries: 0,
    });
    for await (const part of stream) if (part.type === "error") throw part.error;
    const calls = await toolCalls;
    messages.push(...(await responseMessages));
    for (const { toolCallId, toolName } of calls) {
      const output = { type: "text" as const, value: "[in_progress] (high) Measure" };
      messages.push({ role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output }] });
    }
    return calls.length;
  };
  return {
    async turn(text) {
      messages.push({ role: "user", content: text });
      while ((await step()) > 0);
    },
    end: () => Promise.resolve(),
  };
}
