import { streamText } from "ai";
import { describe, expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import { history } from "../../test/histories.ts";
import { languageModel } from "../model/index.ts";
import type { ProviderAccess } from "../wire.ts";
import { filterCompacted } from "./filter-compacted.ts";
import { toModelMessages } from "./to-model-messages.ts";

type Kind = ProviderAccess["kind"];
type Json = Record<string, unknown>;

const MODEL = { providerId: "anthropic", modelId: "claude-x" };
const KINDS: Kind[] = ["anthropic", "openai", "google", "openai-compatible"];

/** What a provider's adapter sends of a history; nothing of an empty one. */
async function sent(seed: number, kind: Kind): Promise<Json | undefined> {
  let body: Json | undefined;
  const fetch: typeof globalThis.fetch = (_url, init) => {
    body = JSON.parse(init?.body as string) as Json;
    return Promise.resolve(new Response("no", { status: 400 }));
  };
  const access = { id: "p", kind, baseUrl: "http://127.0.0.1:9", key: "k", models: {} };
  const { model } = languageModel(access, MODEL, { fetch });
  const rows = await filterCompacted(history(seed).newestFirst);
  const blob = (hash: string) => Promise.resolve(hash === "png" ? new Uint8Array([1]) : undefined);
  const messages = await toModelMessages(rows, { model: MODEL, kind, facts: { images: true }, blob });
  const result = streamText({ model, messages, maxRetries: 0, onError: () => undefined });
  await result.consumeStream({ onError: () => undefined });
  return body;
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const named = (parts: Json[], type: string, name: string) =>
  parts.flatMap((part) => (part["type"] === type ? [part[name]] : []));

/** What each provider refuses, as far as it can be seen. */
const REQUIRED: Record<Kind, (body: Json) => void> = {
  anthropic(body) {
    const messages = list(body["messages"]);
    for (const [index, { role, content }] of messages.entries()) {
      expect(role).toBe(index % 2 === 0 ? "user" : "assistant");
      const parts = list(content);
      expect(named(parts, "text", "text")).not.toContain("");
      expect(parts.at(-1)?.["type"]).not.toBe("thinking");
      const calls = named(parts, "tool_use", "id");
      const answered = list(messages[index + 1]?.["content"]).slice(0, calls.length);
      expect(named(answered, "tool_result", "tool_use_id")).toEqual(calls);
    }
  },
  openai(body) {
    const items = list(body["input"]);
    expect(named(items, "function_call_output", "call_id")).toEqual(named(items, "function_call", "call_id"));
    for (const [index, item] of items.entries())
      if (item["type"] === "reasoning") expect(items[index + 1]?.["role"]).not.toBe("user");
  },
  google(body) {
    const contents = list(body["contents"]);
    for (const [index, { role, parts }] of contents.entries()) {
      const calls = list(parts).filter((part) => "functionCall" in part);
      const results = list(contents[index + 1]?.["parts"]).filter((part) => "functionResponse" in part);
      if (role === "model") expect(results).toHaveLength(calls.length);
      if (calls.length > 0) expect(contents[index - 1]?.["role"]).toBe("user");
    }
  },
  "openai-compatible"(body) {
    const messages = list(body["messages"]);
    for (const [index, message] of messages.entries()) {
      const calls = list(message["tool_calls"]).map(({ id }) => id);
      const answered = messages.slice(index + 1, index + 1 + calls.length);
      expect(answered.map((each) => each["tool_call_id"])).toEqual(calls);
      expect(messages[index + 1]?.["role"]).not.toBe(message["role"] === "tool" ? "" : message["role"]);
    }
  },
};

describe("[R-12.6] what the providers' adapters send of any history", () => {
  const seeds = Array.from({ length: amount(30, 1_000) }, (_, index) => index + 1);
  test.each(KINDS)("%s", async (kind) => {
    let count = 0;
    for (const seed of seeds) {
      const body = await sent(seed, kind);
      if (body === undefined) continue;
      count += 1;
      expect(() => REQUIRED[kind](body), `seed ${seed}`).not.toThrow();
    }
    expect(count).toBeGreaterThan(seeds.length / 2);
  });
});
