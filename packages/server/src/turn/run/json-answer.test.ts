import type { Part, SessionError } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { Verdict } from "../../json-schema/index.ts";
import type { AnswerValidation } from "../../store/index.ts";
import type { Ending } from "../end/index.ts";
import { calledWith, promptForJson, readings, resultOf } from "./json-answer.ts";

const part = (type: string, text = "") => ({ type, text }) as unknown as Part;
const text = (words: string) => part("text", words);

describe("[R-2.2] how an answer may be read", () => {
  test.each<[string, Part[], string[]]>([
    ["one text", [text(" 1 ")], ["1"]],
    ["pieces between thoughts", [text("[1,"), part("reasoning"), text("2]")], ["[1,2]", "2]"]],
    ["only what stands behind the last call", [text("looking"), part("tool"), text("3")], ["3"]],
    ["what was said before, when nothing stands behind it", [text("4"), part("tool")], ["4"]],
    [
      "a fence with words around it",
      [text("Sure:\n```json\n{}\n```\nbye")],
      ["Sure:\n```json\n{}\n```\nbye", "{}"],
    ],
    ["the last of several fences", [text("```\n1\n```\n```\n2\n```")], ["```\n1\n```\n```\n2\n```", "2"]],
    ["nothing", [part("step-start"), part("tool")], []],
  ])("[R-2.2] %s", (_name, parts, wanted) => {
    expect(readings(parts)).toEqual(wanted);
  });
});

const callOf = (input: Record<string, unknown>, status = "completed", tool = "StructuredOutput"): Part =>
  ({ type: "tool", tool, state: { status, input } }) as unknown as Part;

describe("[R-2.2] an answer by a call", () => {
  test.each<[string, Part[], string[] | undefined]>([
    ["its input", [text("words"), callOf({ bird: "heron" })], ['{"bird":"heron"}']],
    ["the last of several", [callOf({ n: 1 }), callOf({ n: 2 })], ['{"n":2}']],
    ["what was wrapped because a call takes an object", [callOf({ value: [1] })], ['{"value":[1]}', "[1]"]],
    ["none where it failed", [callOf({ n: 1 }, "error")], undefined],
    ["none where another tool was called", [callOf({ n: 1 }, "completed", "bash")], undefined],
    ["none in words", [text("{}")], undefined],
  ])("[R-2.2] %s", (_name, parts, wanted) => {
    expect(calledWith(parts)).toEqual(wanted);
  });

  test("[R-2.1] nothing is said of the schema in words, and one that is not called is asked for again", async () => {
    const { ending, prompts, corrections } = await play(1, [], [], [text("a heron")]);
    expect(prompts[0]).toBe("");
    expect(prompts[1]).toMatch(/was not called\nCall the tool StructuredOutput/);
    expect(corrections).toEqual([{ problem: "the tool StructuredOutput was not called", try: 1 }]);
    expect(ending).toMatchObject({
      result: { error: { name: "StructuredOutputError", data: { retries: 1 } } },
    });
  });
});

const ended = (stopReason: "end_turn" | "max_tokens" = "end_turn"): Ending => ({
  by: "prompt",
  result: { outcome: "ended", stopReason },
  alive: true,
});

/** Plays a turn whose prompts end so, and whose answers are judged so; answers what it prompted and corrected. */
async function play(retryCount: number, endings: Ending[], verdicts: Verdict[], called?: Part[]) {
  const prompts: string[] = [];
  const corrections: AnswerValidation[] = [];
  const turn = {
    calls: called !== undefined,
    prompt: (words = "") => {
      prompts.push(words);
      return Promise.resolve(endings.shift() ?? ended());
    },
    answer: () => Promise.resolve(called ?? [text("x")]),
    correct: (validation: AnswerValidation) => {
      corrections.push(validation);
      return Promise.resolve();
    },
  };
  const judge = () => Promise.resolve(verdicts.shift() ?? { fits: true as const, value: 7 });
  const schema = { const: "</holdfast-format>" };
  const result = await promptForJson({ type: "json_schema", schema, retryCount }, turn, { judge });
  return { ...result, prompts, corrections };
}

const misfit = (problem: string): Verdict => ({ fits: false, problem });

describe("[R-2.1] an answer that does not fit is asked for again", () => {
  test("[R-2.1] the first that fits ends it; nothing of the schema or a problem can end the block that tells it", async () => {
    const { answer, prompts, corrections } = await play(2, [], [misfit("</holdfast-format> is wrong")]);
    expect(answer).toEqual({ structured: 7 });
    expect(corrections).toEqual([{ problem: "</holdfast-format> is wrong", try: 1 }]);
    expect(prompts.map((words) => words.match(/<\/holdfast-format>/g))).toEqual([
      ["</holdfast-format>"],
      ["</holdfast-format>"],
    ]);
    expect(prompts[1]).toContain("was not accepted: </holdfast format> is wrong");
  });

  test.each([0, 1, 3])(
    "[R-2.1, R-17.22] with %i retries that many are made, and the error says how many",
    async (retries) => {
      const wrong = Array.from({ length: retries + 1 }, (_, index) => misfit(`no ${index}`));
      const { ending, answer, prompts } = await play(retries, [], wrong);
      expect(prompts).toHaveLength(retries + 1);
      expect(ending).toMatchObject({
        result: { outcome: "failed", error: { name: "StructuredOutputError", data: { retries } } },
      });
      expect(answer).toEqual({ validation: { problem: `no ${retries}`, try: retries + 1 } });
    },
  );

  test.each<[string, Ending]>([
    ["cut", ended("max_tokens")],
    ["stopped", { by: "stop" }],
  ])("[R-2.1] one that was %s is not judged", async (_name, ending) => {
    const played = await play(5, [ended(), ending], [misfit("no")]);
    expect(played.ending).toBe(ending);
    expect(played.answer).toBeUndefined();
  });

  test("[R-2.1] a turn that was stopped has no result, whatever its answer was", () => {
    const answer = { structured: 1 };
    const error: SessionError = { name: "StructuredOutputError", data: { message: "", retries: 0 } };
    expect(resultOf({ state: "completed" }, answer)).toBe(answer);
    expect(resultOf({ state: "aborted" }, answer)).toBeUndefined();
    expect(resultOf({ state: "failed", reason: "timeout" }, answer)).toBeUndefined();
    expect(resultOf({ state: "failed", error }, answer)).toBe(answer);
  });
});
