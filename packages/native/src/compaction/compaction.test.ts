import type { Message } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { call, completed, preamble, Rows, text } from "../../test/rows.ts";
import type { Compaction, ModelFacts } from "../wire.ts";
import { contextTokens, isOverflow, outputLimit, tailBudget, usableTokens } from "./budget.ts";
import { tokensOf } from "./estimate.ts";
import { chooseTail, planCompaction } from "./plan.ts";
import { pruneTargets } from "./prune.ts";
import { summaryRequest } from "./summary-request.ts";

const AUTO: Compaction = { auto: true, prune: false };

describe("[R-14.5] when a session is full", () => {
  test.each<[string, ModelFacts, Compaction, number | undefined]>([
    ["context without the answer and a reserve", { context: 200_000, output: 32_000 }, AUTO, 148_000],
    ["an answer is no longer than ours may be", { context: 200_000, output: 64_000 }, AUTO, 148_000],
    ["a short answer is reserved once more", { context: 128_000, output: 8_000 }, AUTO, 112_000],
    ["a small context with a long answer has room", { context: 40_000, output: 32_000 }, AUTO, 20_000],
    [
      "a limit of the input counts for itself",
      { context: 400_000, input: 272_000, output: 128_000 },
      AUTO,
      252_000,
    ],
    [
      "the configuration's reserve",
      { context: 100_000, output: 10_000 },
      { ...AUTO, reserved: 40_000 },
      50_000,
    ],
    ["never below nothing", { context: 10_000, output: 2_000 }, { ...AUTO, reserved: 40_000 }, 0],
    ["of a context that nobody knows nothing is known", {}, AUTO, undefined],
    ["nor of one of 0", { context: 0, output: 1_000 }, AUTO, undefined],
  ])("%s", (_, facts, compaction, usable) => {
    expect(usableTokens(facts, compaction)).toBe(usable);
  });

  test.each<[string, Parameters<typeof isOverflow>[0], Compaction, boolean]>([
    ["below", { input: 100_000, output: 47_999 }, AUTO, false],
    ["at the edge", { input: 100_000, output: 48_000 }, AUTO, true],
    ["what was cached counts", { input: 1, output: 1, cache: { read: 147_998, write: 0 } }, AUTO, true],
    [
      "and what was written to the cache",
      { input: 1, output: 1, cache: { read: 0, write: 147_998 } },
      AUTO,
      true,
    ],
    ["a total goes before its parts", { total: 148_000, input: 1 }, AUTO, true],
    ["never where it is off", { total: 1_000_000 }, { ...AUTO, auto: false }, false],
    ["never without a count", undefined, AUTO, false],
  ])("%s", (_, tokens, compaction, expected) => {
    const facts = { context: 200_000, output: 32_000 };
    expect(isOverflow(tokens, { facts, compaction })).toBe(expected);
  });

  test("never where the context is unknown", () => {
    expect(isOverflow({ total: 9_000_000 }, { facts: { context: 0 }, compaction: AUTO })).toBe(false);
    expect(contextTokens({})).toBe(0);
  });

  test("an answer has at most a quarter of the context", () => {
    expect(outputLimit({ context: 40_000, output: 32_000 })).toBe(10_000);
    expect(outputLimit({ output: 8_000 })).toBe(8_000);
    expect(outputLimit({})).toBe(32_000);
  });

  test("the tail has a quarter of what is usable, within 2,000 and 15,000", () => {
    expect([4_000, 20_000, 148_000].map(tailBudget)).toEqual([2_000, 5_000, 15_000]);
  });
});

/** Words of so many tokens. */
const words = (tokens: number) => "x".repeat(tokens * 4);
const idsOf = (messages: readonly Message[]) => messages.map(({ info }) => info.id);

describe("[R-14.6] about how many tokens rows are", () => {
  const file = (mime: string) => ({ type: "file" as const, mime, url: "blob:h" });
  test.each<[string, Parameters<Rows["answer"]>[0], number]>([
    ["four characters each, the last one whole", "abcde", 2],
    ["none of none", "", 0],
    [
      "texts for people and those of failed tries are none",
      [text("x".repeat(40), { ignored: true }), text("x".repeat(40), { attempt: 1 })],
      0,
    ],
    ["a call is its name, its input and its output", [call("c", completed(words(10), { input: {} }))], 12],
    [
      "an output that was cleared is its placeholder",
      [call("c", completed(words(900), { input: {}, time: { start: 1, end: 2, compacted: 3 } }))],
      11,
    ],
    [
      "media have a size of their own",
      [file("image/png"), file("application/pdf"), file("text/plain")],
      3_500,
    ],
  ])("%s", (_, parts, tokens) => {
    expect(tokensOf(new Rows().answer(parts))).toBe(tokens);
  });
});

function turns(...tokens: number[]): Rows {
  const rows = new Rows();
  for (const each of tokens) {
    rows.user(words(10));
    rows.answer(words(each));
  }
  return rows;
}

describe("[R-14.6] what a summary stands for, and what is kept", () => {
  test.each<[string, number[], number, string | undefined]>([
    ["whole turns that fit", [100, 100, 100], 230, "msg_3"],
    ["of the one that does not, its last messages", [100, 100, 100], 215, "msg_4"],
    ["nothing where the last message is too large", [100, 500], 200, undefined],
    ["nothing where all would be kept", [100, 100], 5_000, undefined],
  ])("%s", (_, tokens, budget, start) => {
    const { messages } = turns(...tokens);
    const { head, tailStartId } = chooseTail(messages, budget);
    expect(tailStartId).toBe(start);
    const at = messages.findIndex(({ info }) => info.id === start);
    expect(idsOf(head)).toEqual(idsOf(at < 0 ? messages : messages.slice(0, at)));
  });

  test("a question without an answer is always kept", () => {
    const rows = turns(100, 100);
    rows.user(words(10_000));
    expect(chooseTail(rows.messages, 200).tailStartId).toBe("msg_5");
    expect(chooseTail(rows.messages, 50_000).tailStartId).toBe("msg_5");
  });

  test("a question alone leaves nothing to summarize", () => {
    const rows = new Rows();
    rows.user(words(10_000));
    expect(planCompaction(rows.messages, { overflow: false, tail: 2_000 })).toBeUndefined();
    expect(planCompaction([], { overflow: true, tail: 2_000 })).toBeUndefined();
  });

  test("the summary before is brought up to date, not summarized", () => {
    const rows = turns(100);
    const summary = rows.summary("so far");
    const view = [summary, ...rows.messages.slice(0, 2)];
    rows.answer(words(500));
    const plan = planCompaction([...view, ...rows.messages.slice(3)], { overflow: false, tail: 200 });
    expect(plan?.previous).toBe("so far");
    expect(idsOf(plan?.head ?? [])).toEqual(["msg_1", "msg_2", "msg_4"]);
    expect(planCompaction([summary], { overflow: false, tail: 200 })).toBeUndefined();
  });

  test("of an overflow what the user asked last is asked again, and the work on it is summarized", () => {
    const rows = turns(100);
    rows.user("two");
    rows.answer([call("c", completed("x"))]);
    rows.user([preamble("correction", "no JSON")]);
    const plan = planCompaction(rows.messages, { overflow: true, tail: 200 });
    expect(plan?.tailStartId).toBe("msg_3");
    expect(idsOf(plan?.head ?? [])).toEqual(["msg_1", "msg_2", "msg_4", "msg_5"]);
  });

  test("nothing is asked again where nothing else would remain", () => {
    const rows = new Rows();
    rows.user("one");
    const plan = planCompaction(rows.messages, { overflow: true, tail: 200 });
    expect(plan).toEqual({ head: rows.messages });
    const only = new Rows();
    only.answer("by itself");
    expect(planCompaction(only.messages, { overflow: true, tail: 200 })).toEqual({ head: only.messages });
  });
});

describe("[R-14.7] what a summary is asked of", () => {
  function session(): Rows {
    const rows = new Rows();
    rows.user([text("do it"), { type: "file", mime: "image/png", filename: "a.png", url: "blob:h" }]);
    rows.answer([
      text("FAILED", { attempt: 1 }),
      call("c", completed("y".repeat(5_000), { input: { command: "ls" } })),
      text("done"),
    ]);
    return rows;
  }

  test("what was said is one text, outputs cut and media named", () => {
    const asked = summaryRequest({ head: session().messages }, 50_000);
    expect(asked).toContain("# The user\ndo it\n[Attached image/png: a.png]");
    expect(asked).toContain('# The assistant (native:build)\nCalled bash: {"command":"ls"}\nResult: y');
    expect(asked).not.toContain("y".repeat(2_001));
    expect(asked).not.toContain("FAILED");
    expect(asked).toContain("call no tool");
  });

  test("the summary before is given to be updated", () => {
    expect(summaryRequest({ head: [], previous: "so far" }, 1_000)).toMatch(
      /<summary>[^]*so far\n<\/summary>/,
    );
  });

  test("it has room: the oldest is left out, and what alone is too long is cut", () => {
    const rows = new Rows();
    rows.user("THE FIRST");
    for (let count = 0; count < 3; count += 1) rows.answer(words(1_000));
    rows.user("THE NEXT");
    rows.user("THE LAST");
    const asked = summaryRequest({ head: rows.messages }, 2_500);
    expect(asked).toMatch(/THE NEXT[^]*THE LAST/);
    expect(asked).not.toContain("THE FIRST");
    expect(asked.length).toBeLessThan(2_500 * 4 + 200);
    expect(asked).toMatch(/left out[^]*# The assistant/);
    const one = new Rows();
    one.user(words(10_000));
    expect(summaryRequest({ head: one.messages }, 2_500).length).toBeLessThan(2_500 * 4 + 200);
  });

  test("hooks add to it, or say it in their own words", () => {
    const { messages: head } = session();
    expect(summaryRequest({ head }, 9_000, { context: ["ALSO"] })).toMatch(/ALSO[^]*## Goal/);
    const own = summaryRequest({ head }, 9_000, { prompt: "OWN" });
    expect(own.endsWith("OWN")).toBe(true);
    expect(own).not.toContain("## Goal");
  });
});

describe("[R-14.9] outputs that are cleared", () => {
  /** Turns with one call each, of so many tokens. */
  function calls(tool: string, ...tokens: number[]): Rows {
    const rows = new Rows();
    for (const each of tokens) {
      rows.user("go");
      rows.answer([call("c", completed(words(each)), { tool })]);
    }
    return rows;
  }

  test("beyond 40,000 tokens behind the last two turns, where they are 20,000", () => {
    const rows = calls("bash", 15_000, 15_000, 30_000, 90_000, 90_000);
    expect(pruneTargets(rows.messages).map(({ messageId }) => messageId)).toEqual(["msg_4", "msg_2"]);
    expect(pruneTargets(calls("bash", 15_000, 30_000, 90_000, 90_000).messages)).toEqual([]);
  });

  test("none of a skill, none before a summary, and none before what was cleared", () => {
    expect(pruneTargets(calls("skill", 50_000, 50_000, 1, 1).messages)).toEqual([]);
    const rows = calls("bash", 50_000, 50_000);
    rows.summary("sum");
    rows.user("a");
    rows.user("b");
    expect(pruneTargets(rows.messages)).toEqual([]);
    const before = calls("bash", 50_000, 50_000, 50_000, 1, 1);
    const part = before.messages[3]?.parts[1];
    if (part?.type === "tool" && part.state.status === "completed") part.state.time.compacted = 9;
    expect(pruneTargets(before.messages).map(({ messageId }) => messageId)).toEqual(["msg_6"]);
  });
});
