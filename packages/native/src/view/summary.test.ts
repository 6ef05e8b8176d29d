import type { Message } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { call, completed, file, Rows, text } from "../../test/rows.ts";
import { answered, assistant, called, OPTIONS, result, user, view } from "../../test/view.ts";
import { toModelMessages } from "./to-model-messages.ts";
import { continuationText, WORDS } from "./words.ts";

describe("[R-16.2] behind a summary", () => {
  const idOf = (message: Message) => message.info.id;
  const [what, sum] = [user(WORDS.whatWasDone), assistant("sum")];
  const parts = (...messages: (Message | undefined)[]) =>
    toModelMessages(
      messages.filter((each) => each !== undefined),
      OPTIONS,
    );

  test("stands a sentence that goes on, until somebody says how", async () => {
    const rows = new Rows();
    rows.user("one");
    const summary = rows.summary("sum");
    expect(await parts(summary)).toEqual([what, sum, user(continuationText(false))]);
    const step = rows.answer("2");
    expect(await parts(summary, step)).toEqual([
      what,
      sum,
      user(continuationText(false)),
      assistant("2"),
      user(WORDS.goOn),
    ]);
    const other = new Rows();
    const alone = other.summary("sum");
    expect(await parts(alone, other.user("next"))).toEqual([what, sum, user("next")]);
    const asked = new Rows();
    expect(await parts(asked.summary("sum", { auto: false }))).toEqual([what, sum, user(WORDS.goOn)]);
  });

  test("stand the last steps, and what was asked is not asked twice", async () => {
    const rows = new Rows();
    rows.user("one");
    const last = rows.answer([call("c1", completed("x"))]);
    const summary = rows.summary("sum", { tailStartId: idOf(last) });
    expect(await parts(summary, last)).toEqual([
      what,
      sum,
      user(WORDS.tailFollows),
      assistant(called("c1")),
      result("c1", { type: "text", value: "x" }),
      user(continuationText(false)),
    ]);
    const waits = new Rows();
    waits.answer("1");
    const asked = waits.user("two");
    const second = waits.summary("sum", { tailStartId: idOf(asked) });
    expect(await parts(second, asked)).toEqual([what, sum, user("two")]);
  });

  test("of an overflow what was asked stands again, its media as words", async () => {
    const rows = new Rows();
    rows.user("one");
    rows.answer("1");
    const asked = rows.user([text("two"), file("image/png", "blob:png", { filename: "a.png" })]);
    rows.answer([call("c1", completed("x"))]);
    const summary = rows.summary("sum", { overflow: true, tailStartId: idOf(asked) });
    expect(await parts(summary, asked)).toEqual([
      what,
      sum,
      user(WORDS.askedAgain, "two", "[Attached image/png: a.png]"),
    ]);
    expect(await parts(rows.summary("sum", { overflow: true }))).toEqual([
      what,
      sum,
      user(continuationText(true)),
    ]);
  });

  test("what other agents wrote to remember by is not there, nor a summary that failed", async () => {
    const rows = answered("1");
    rows.summary("theirs", {}, { agent: "opencode" });
    rows.summary("", {});
    rows.user("two");
    expect(await view(rows)).toEqual([user("go"), assistant("1"), user("two")]);
  });
});
