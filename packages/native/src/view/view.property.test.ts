import type { Message } from "@holdfast/protocol";
import { type ModelMessage, modelMessageSchema } from "ai";
import { describe, expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import { history } from "../../test/histories.ts";
import { filterCompacted } from "./filter-compacted.ts";
import type { ViewOptions } from "./options.ts";
import { isBoundary } from "./row.ts";
import { toModelMessages } from "./to-model-messages.ts";

const OPTIONS: ViewOptions = {
  model: { providerId: "anthropic", modelId: "claude-x" },
  kind: "anthropic",
  facts: {},
  blob: (hash) => Promise.resolve(hash === "png" ? new Uint8Array([1]) : undefined),
};
const OTHER: ViewOptions = { ...OPTIONS, kind: "google", model: { providerId: "g", modelId: "gemini-2" } };

const viewOf = async (messages: readonly Message[], options: ViewOptions): Promise<ModelMessage[]> =>
  toModelMessages(await filterCompacted(messages.toReversed()), options);

const partsOf = (message: ModelMessage | undefined) =>
  message === undefined || typeof message.content === "string" ? [] : message.content;

function requireSound(view: readonly ModelMessage[]): void {
  const ids: string[] = [];
  for (const [index, message] of view.entries()) {
    expect(modelMessageSchema.safeParse(message).success).toBe(true);
    expect(message.content).not.toHaveLength(0);
    const next = view[index + 1];
    if (message.role !== "tool") expect(next?.role).not.toBe(message.role);
    const calls = partsOf(message).flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []));
    if (message.role === "tool") {
      expect(view[index - 1]?.role).toBe("assistant");
      continue;
    }
    ids.push(...calls);
    const results =
      next?.role === "tool"
        ? partsOf(next).map((part) => (part.type === "tool-result" ? part.toolCallId : part.type))
        : [];
    if (message.role === "assistant") expect(results).toEqual(calls);
  }
  expect(new Set(ids).size).toBe(ids.length);
  if (view.length > 0) expect(view[0]?.role).toBe("user");
  expect(view.at(-1)?.role).not.toBe("assistant");
}

/** The end that may change when rows come behind: the last answer is gone on with, and behind it stands what makes the model speak. */
const OPEN_END = 2;

const seeds = Array.from({ length: amount(150, 5_000) }, (_, index) => index + 1);

describe("histories of any rows", () => {
  test("[R-12.2] no call without its one result, no result without its call, and turns that providers take", async () => {
    for (const seed of seeds) {
      const { messages } = history(seed);
      for (const options of [OPTIONS, OTHER]) {
        const view = await viewOf(messages, options);
        expect(() => requireSound(view), `seed ${seed}`).not.toThrow();
      }
    }
  });

  test("[R-12.1] rows that come behind change nothing but the end, save a summary", async () => {
    for (const seed of seeds) {
      const { messages } = history(seed);
      let before: ModelMessage[] = [];
      for (const [index, message] of messages.entries()) {
        const view = await viewOf(messages.slice(0, index + 1), OPTIONS);
        const kept = isBoundary(message) ? [] : before.slice(0, -OPEN_END);
        expect(view.slice(0, kept.length), `seed ${seed}, message ${index + 1}`).toEqual(kept);
        before = view;
      }
    }
  });

  test("[R-12.1] equal rows give equal messages", async () => {
    for (const seed of seeds) {
      const [first, second] = [history(seed).messages, history(seed).messages];
      expect(await viewOf(first, OPTIONS)).toEqual(await viewOf(second, OPTIONS));
    }
  });

  test("[R-12.4] nothing that was signed goes to another model, and nothing of ours to any", async () => {
    for (const seed of seeds) {
      const { messages } = history(seed);
      expect(JSON.stringify(await viewOf(messages, OTHER))).not.toMatch(/SIGNED|HOLDFAST/);
      const own = JSON.stringify(await viewOf(messages, OPTIONS));
      expect(own).not.toMatch(/HOLDFAST|FAILED TRY|FOR PEOPLE/);
    }
  });
});
