/** What the real SDK makes of each provider's stream: what the loop relies on, and where the four differ (`src/model/index.ts`). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startModel } from "../../../../test/model/index.ts";
import { isMissedToolChoice } from "../../src/model/index.ts";
import { accessTo, ask, KINDS, partsOf } from "./ask.ts";

let model: ScriptedModel;
beforeAll(async () => {
  model = await startModel({ details: true });
});
afterAll(() => model.close());

describe.each(KINDS)("%s", (kind) => {
  const say = (script: string, options: Parameters<typeof ask>[2] = {}) =>
    ask(accessTo(model.url, kind), script, options);
  const textOf = (asked: Awaited<ReturnType<typeof ask>>, type: "text-delta" | "reasoning-delta") =>
    partsOf(asked, type)
      .map((part) => part.text)
      .join("");

  test("text and reasoning come in pieces, each under an id of its own", async () => {
    const asked = await say("THINK deep thought\nSAY hello there");
    expect(textOf(asked, "reasoning-delta")).toBe("deep thought");
    expect(textOf(asked, "text-delta")).toBe("hello there");
    const ids = [...partsOf(asked, "reasoning-start"), ...partsOf(asked, "text-start")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect([asked.finish, asked.ended, asked.errors]).toEqual(["stop", undefined, []]);
  });

  test("the input of a call grows before the call is there, and two calls of one answer are told apart", async () => {
    const asked = await say('PIECES 3\nCALL bash {"command":"ls"}\nALSO bash {"command":"pwd"}');
    const calls = partsOf(asked, "tool-call");
    expect(calls).toMatchObject([{ input: { command: "ls" } }, { input: { command: "pwd" } }]);
    for (const call of calls) {
      const deltas = partsOf(asked, "tool-input-delta").filter(({ id }) => id === call.toolCallId);
      expect(JSON.parse(deltas.map(({ delta }) => delta).join(""))).toEqual(call.input);
      expect(deltas).toHaveLength(kind === "google" ? 1 : 3);
      expect(asked.parts.indexOf(deltas[0] ?? call)).toBeLessThan(asked.parts.indexOf(call));
    }
    expect(asked.finish).toBe("tool-calls");
  });

  test("[R-11.1] broken arguments are kept as they came, as a call that is invalid", async () => {
    const asked = await say('PIECES 2\nBROKEN bash {"command": "ls');
    const calls = partsOf(asked, "tool-call");
    if (kind === "google") {
      expect([calls, asked.finish]).toEqual([[], "error"]);
      expect(asked.ended).toMatchObject({ name: "APIError", data: { isRetryable: true } });
      return;
    }
    expect(calls).toMatchObject([{ invalid: true, input: '{"command": "ls' }]);
    const deltas = partsOf(asked, "tool-input-delta").map(({ delta }) => delta);
    expect(deltas.join("")).toBe('{"command": "ls');
    expect(asked.finish).toBe("tool-calls");
  });

  test("a length and a filter are finishes", async () => {
    const length = await say("SAY hal\nEND length");
    expect([length.finish, length.ended, length.errors]).toEqual(["length", undefined, []]);
    const filter = await say("SAY x\nEND content_filter");
    expect([filter.finish, filter.ended?.name]).toEqual(["content-filter", "ContentFilterError"]);
  });

  test("an answer that ends in mid-word is a failed try, and none of its calls is whole", async () => {
    const asked = await say("SAY beg\nCUT");
    expect(textOf(asked, "text-delta")).toBe("beg");
    expect(asked.errors.at(-1) ?? asked.ended).toMatchObject({
      name: "APIError",
      data: { isRetryable: true, message: "The answer broke off before its end" },
    });
  });

  test("a call that was required and did not come is no error of the session's", async () => {
    const asked = await say("SAY no", { toolChoice: "required" });
    expect(partsOf(asked, "error").map(({ error }) => isMissedToolChoice(error))).toEqual([true]);
    expect([textOf(asked, "text-delta"), asked.finish]).toEqual(["no", "error"]);
    expect(asked.used.tokens?.output).toBeGreaterThan(0);
  });

  test("an abort ends the stream at once, with a part that says so", async () => {
    const leave = new AbortController();
    const asked = await say("SAY begun\nHANG", {
      signal: leave.signal,
      onPart: (part) => {
        if (part.type === "text-delta") leave.abort();
      },
    });
    expect(partsOf(asked, "abort")).toHaveLength(1);
    expect(asked.errors).toEqual([]);
  });
});

test("what seals reasoning and calls comes as metadata that goes back to the same model", async () => {
  const script = 'THINK deep\nCALL bash {"command":"ls"}';
  const claude = await ask(accessTo(model.url, "anthropic"), script);
  expect(partsOf(claude, "reasoning-delta").at(-1)).toMatchObject({
    text: "",
    providerMetadata: { anthropic: { signature: "scripted" } },
  });
  const gpt = await ask(accessTo(model.url, "openai"), script);
  expect(partsOf(gpt, "reasoning-end")).toMatchObject([
    { providerMetadata: { openai: { reasoningEncryptedContent: "scripted" } } },
  ]);
  const gemini = await ask(accessTo(model.url, "google"), script);
  expect(partsOf(gemini, "tool-call")).toMatchObject([
    { providerMetadata: { google: { thoughtSignature: "scripted" } } },
  ]);
});
