import type { Message } from "@holdfast/protocol";
import { type ModelMessage, modelMessageSchema } from "ai";
import { describe, expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import {
  call,
  completed,
  failed,
  file,
  type Loose,
  pending,
  preamble,
  reasoning,
  Rows,
  running,
  text,
} from "../../test/rows.ts";
import { filterCompacted } from "./filter-compacted.ts";
import type { ViewOptions } from "./options.ts";
import { isBoundary } from "./row.ts";
import { toModelMessages } from "./to-model-messages.ts";

/** Numbers below `limit`, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const SIGNED = { anthropic: { signature: "SIGNED" }, backend: { partId: "HOLDFAST" } };
const ERRORS = [
  { name: "MessageAbortedError", data: { message: "" } },
  { name: "APIError", data: { message: "", isRetryable: true } },
  { name: "MessageOutputLengthError", data: {} },
] as const;

/** A history of any agents, in any state that rows can be in. */
function history(seed: number): Rows {
  const below = numbers(seed);
  const rows = new Rows();
  const isRarely = () => below(8) === 0;
  const oneOf = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const state = () =>
    oneOf([
      completed("out"),
      completed("", { attachments: [{ type: "file", mime: "image/png", url: "blob:png" }] }),
      completed("o", { time: { start: 1, end: 2, compacted: 3 } }),
      completed("o", { truncated: { hash: "png", bytes: 9, lines: 1 } }),
      failed("no"),
      failed("Tool execution aborted", { output: "half", metadata: { interrupted: true } }),
      running,
      pending,
    ]);
  const said = (): Loose =>
    oneOf<() => Loose>([
      () => text(`said ${below(100)}`),
      () => text("", { metadata: SIGNED }),
      () => text("FAILED TRY", { attempt: 1 }),
      () => text("FOR PEOPLE", { ignored: true }),
      () => reasoning(oneOf(["", "hm"]), oneOf([SIGNED, undefined])),
      () => call(`c${below(4)}`, state(), { tool: oneOf(["bash", "Read file", "7"]), metadata: SIGNED }),
      () => ({ type: "step-start" }),
      () => ({ type: "retry", number: 1, error: ERRORS[1], time: { created: 1 } }),
    ])();
  const asked = (): Loose =>
    oneOf<() => Loose>([
      () => text(`asked ${below(100)}`),
      () => text("FOR PEOPLE", { ignored: true }),
      () => preamble(oneOf(["note", "handoff", "subtasks", "correction"]), "told"),
      () => file("image/png", oneOf(["blob:png", "blob:none"])),
      () => ({ type: "subtask", prompt: "p", description: "d", agent: "qwen" }),
    ])();
  const many = (part: () => Loose) => Array.from({ length: below(6) }, part);
  for (let count = 3 + below(20); count > 0; count -= 1) {
    const agent = oneOf(["native:build", "native:plan", "qwen", "opencode"]);
    const model = oneOf([{ providerId: "anthropic", modelId: "claude-x" }, { modelId: "other" }]);
    if (below(3) === 0) rows.user(many(asked));
    else if (isRarely()) {
      const start = rows.messages[below(rows.messages.length + 1)];
      const tail = start === undefined ? {} : { tailStartId: start.info.id };
      rows.summary("sum", { ...tail, ...(below(3) === 0 ? { overflow: true } : {}) }, { agent });
    } else rows.answer(many(said), { agent, model, ...(isRarely() ? { error: oneOf(ERRORS) } : {}) });
  }
  return rows;
}

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
