import type { Message } from "@holdfast/protocol";
import type { ModelMessage } from "ai";
import { describe, expect, test } from "vitest";
import {
  call,
  completed,
  failed,
  file,
  pending,
  preamble,
  reasoning,
  Rows,
  running,
  text,
} from "../../test/rows.ts";
import type { ViewOptions } from "./options.ts";
import { toModelMessages } from "./to-model-messages.ts";
import { TEXT_FILE } from "./user-content.ts";
import { continuationText, WORDS } from "./words.ts";

const PNG = new Uint8Array([1, 2, 3]);
const BLOBS: Record<string, Uint8Array> = {
  png: PNG,
  empty: new Uint8Array(),
  text: new TextEncoder().encode("a: 1"),
  long: new TextEncoder().encode("y".repeat(TEXT_FILE + 7)),
  whole: new TextEncoder().encode("the whole output"),
};

const OPTIONS: ViewOptions = {
  model: { providerId: "anthropic", modelId: "claude-x" },
  kind: "anthropic",
  facts: {},
  blob: (hash) => Promise.resolve(BLOBS[hash]),
};

const view = (rows: Rows, over: Partial<ViewOptions> = {}) =>
  toModelMessages(rows.messages, { ...OPTIONS, ...over });

const said = (words: string) => ({ type: "text", text: words });
const user = (...content: (string | object)[]) => ({
  role: "user",
  content: content.map((each) => (typeof each === "string" ? said(each) : each)),
});
const assistant = (...content: (string | object)[]) => ({ ...user(...content), role: "assistant" });
const called = (toolCallId: string, over: object = {}) => ({
  type: "tool-call",
  toolCallId,
  toolName: "bash",
  input: { command: "ls" },
  ...over,
});
const result = (toolCallId: string, output: object) => ({
  role: "tool",
  content: [{ type: "tool-result", toolCallId, toolName: "bash", output }],
});
const image = { type: "file", data: { type: "data", data: PNG }, mediaType: "image/png", filename: "a.png" };

/** One question, and an answer of these parts. */
function answered(parts: Parameters<Rows["answer"]>[0], over: Parameters<Rows["answer"]>[1] = {}): Rows {
  const rows = new Rows();
  rows.user("go");
  rows.answer(parts, over);
  return rows;
}

describe("[R-12.1] the view is a pure function of rows", () => {
  test("a message without parts, or with ignored ones alone, is not there", async () => {
    const rows = new Rows();
    rows.user([]);
    rows.user([text("for people", { ignored: true }), text("")]);
    rows.user("go");
    expect(await view(rows)).toEqual([user("go")]);
  });

  test("what machines wrote is there", async () => {
    const rows = new Rows();
    rows.user([text("Called it.", { synthetic: true }), text("go")]);
    expect(await view(rows)).toEqual([user("Called it.", "go")]);
  });

  test("notes and reports stand before the user's words, a handoff nowhere, a correction where it was sent", async () => {
    const rows = new Rows();
    rows.user([text("go"), preamble("handoff", "H"), preamble("note", "N"), preamble("subtasks", "S")]);
    rows.answer("{}");
    rows.user([preamble("correction", "C")]);
    expect(await view(rows)).toEqual([user("N", "S", "go"), assistant("{}"), user("C")]);
  });

  test("a subtask is told by its report, or else by itself; its call is the user's", async () => {
    const rows = new Rows();
    const subtask = { type: "subtask", prompt: "look", description: "d", agent: "qwen" } as const;
    rows.user([subtask, preamble("subtasks", "report")]);
    const link = {
      holdfast: "subtask",
      sessionId: `ses_${"0".repeat(26)}`,
      turnId: `trn_${"0".repeat(26)}`,
      agent: "qwen",
    };
    rows.answer([call("s", completed("found"), { tool: "task", metadata: link }), text("ok")]);
    rows.user([subtask]);
    const [asked, answer, again] = await view(rows);
    expect([asked, answer]).toEqual([user("report"), assistant("ok")]);
    expect(again?.content).toEqual([expect.objectContaining({ text: expect.stringContaining("look") })]);
  });

  test("an agent that is named is one of the tool's", async () => {
    const rows = new Rows();
    rows.user([{ type: "agent", name: "explore" }]);
    expect(JSON.stringify(await view(rows))).toContain("explore: give it");
  });

  test("equal rows give equal messages", async () => {
    const rows = () => answered([call("a", completed("x")), text("done")]);
    expect(await view(rows())).toEqual(await view(rows()));
  });
});

describe("[R-12.2] each call has one result, right behind it", () => {
  test("a call with its result, and what the provider said of it", async () => {
    const rows = answered([
      text("I look."),
      call("c1", completed("files"), { metadata: { anthropic: { x: 1 }, backend: { partId: "p" } } }),
    ]);
    expect(await view(rows)).toEqual([
      user("go"),
      assistant("I look.", called("c1", { providerOptions: { anthropic: { x: 1 } } })),
      result("c1", { type: "text", value: "files" }),
    ]);
  });

  test.each([
    ["pending", pending, { type: "error-text", value: WORDS.interrupted }],
    ["running", running, { type: "error-text", value: WORDS.interrupted }],
    ["failed", failed("no such file"), { type: "error-text", value: "no such file" }],
    ["rejected with words", failed("use rg"), { type: "error-text", value: "use rg" }],
    [
      "interrupted",
      failed("Tool execution aborted", { metadata: { interrupted: true } }),
      { type: "error-text", value: "Tool execution aborted" },
    ],
    [
      "interrupted with output",
      failed("Tool execution aborted", { output: "half", metadata: { interrupted: true } }),
      { type: "text", value: "half" },
    ],
    [
      "interrupted with output in its metadata",
      failed("Tool execution aborted", { metadata: { interrupted: true, output: "half" } }),
      { type: "text", value: "half" },
    ],
    ["without output", completed(""), { type: "text", value: WORDS.noOutput }],
    [
      "pruned",
      completed("long", {
        time: { start: 1, end: 2, compacted: 3 },
        attachments: [{ type: "file", mime: "image/png", url: "blob:png" }],
      }),
      { type: "text", value: WORDS.cleared },
    ],
  ])("a call that is %s", async (_, state, output) => {
    const messages = await view(answered([call("c1", state)]));
    expect(messages[2]).toEqual(result("c1", output));
    expect(messages).toHaveLength(3);
  });

  test("an output that the rows hold in two pieces is the one that was seen; of another agent, its beginning", async () => {
    const truncated = { hash: "whole", bytes: 16, lines: 1 };
    const own = await view(answered([call("c1", completed("the wh", { truncated }))]));
    expect(own[2]).toEqual(result("c1", { type: "text", value: "the whole output" }));
    const other = await view(answered([call("c1", completed("the wh", { truncated }))], { agent: "qwen" }));
    expect(JSON.stringify(other[2])).toContain(
      "the wh\\n[The output was cut here. It has 1 lines and 16 bytes in all.]",
    );
    const error = await view(answered([call("c1", failed("the wh", { truncated }))]));
    expect(error[2]).toEqual(result("c1", { type: "error-text", value: "the whole output" }));
  });

  test("ids that come twice, and names for people, are such as providers take", async () => {
    const rows = answered([call("c1", completed("1"))]);
    rows.answer([call("c1", completed("2"), { tool: "Read file: a.ts" })]);
    rows.answer([call("1 2", completed("3"), { tool: "9p" })]);
    const calls = (await view(rows)).flatMap(({ role, content }) =>
      role === "assistant" && typeof content !== "string" ? content : [],
    );
    expect(calls).toMatchObject([
      { toolCallId: "c1", toolName: "bash" },
      { toolCallId: "prt_5", toolName: "Read_file_a_ts" },
      { toolCallId: "prt_7", toolName: "_9p" },
    ]);
  });

  test("steps are split where they begin, one that says nothing is not there", async () => {
    const rows = answered([
      call("c1", completed("1")),
      { type: "step-start" },
      { type: "step-start" },
      text("done"),
    ]);
    rows.answer([{ type: "step-start" }]);
    expect((await view(rows)).map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
  });

  test("what another agent said behind a call stands behind its result", async () => {
    const rows = answered([text("a"), call("c1", completed("1")), text("b")], { agent: "qwen" });
    expect((await view(rows)).map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
    const own = answered([text("a"), call("c1", completed("1")), text("b")]);
    expect((await view(own)).map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  });
});

describe("[R-12.3] what failed", () => {
  const error = (name: "APIError" | "MessageAbortedError" | "AgentError") =>
    ({
      APIError: { name: "APIError", data: { message: "", isRetryable: false } },
      MessageAbortedError: { name: "MessageAbortedError", data: { message: "" } },
      AgentError: { name: "AgentError", data: { agent: "qwen", phase: "prompt", message: "" } },
    })[name] as NonNullable<Extract<Message["info"], { role: "assistant" }>["error"]>;

  test.each([
    ["an error of a call to the model", error("APIError"), [text("half")], false],
    ["the same behind a call that was begun", error("APIError"), [call("c", completed("x"))], true],
    ["the same before its call was begun", error("APIError"), [call("c", pending)], false],
    ["a stop with words", error("MessageAbortedError"), [text("half")], true],
    ["a stop with a call", error("MessageAbortedError"), [call("c", running)], true],
    [
      "a stop with reasoning alone",
      error("MessageAbortedError"),
      [reasoning("hm", { anthropic: { signature: "s" } })],
      false,
    ],
    ["a stop with nothing", error("MessageAbortedError"), [], false],
    ["a program that died", error("AgentError"), [text("half")], true],
  ])("%s", async (_, told, parts, isThere) => {
    const messages = await view(answered(parts, { error: told }));
    expect(messages.some(({ role }) => role === "assistant")).toBe(isThere);
  });

  test("[R-5.2] what a failed try said is left out, its calls are not, save those that it never made", async () => {
    const rows = answered([
      text("one", { attempt: 1 }),
      { ...reasoning("hm"), attempt: 1 } as ReturnType<typeof reasoning>,
      call("c1", completed("did")),
      call("c2", pending),
      {
        type: "retry",
        number: 1,
        error: { name: "APIError", data: { message: "", isRetryable: true } },
        time: { created: 1 },
      },
      text("two"),
    ]);
    expect(await view(rows)).toEqual([
      user("go"),
      assistant(called("c1")),
      result("c1", { type: "text", value: "did" }),
      assistant("two"),
      user(WORDS.goOn),
    ]);
  });
});

describe("[R-12.4] what the provider signed", () => {
  const signature = { anthropic: { signature: "s" } };
  const parts = [reasoning("hm", signature), text(""), reasoning("so", signature), text("done")];

  test("goes back to the same model, with the places that are empty", async () => {
    const [, answer] = await view(answered(parts));
    expect(answer).toEqual(
      assistant(
        { type: "reasoning", text: "hm", providerOptions: signature },
        " ",
        { type: "reasoning", text: "so", providerOptions: signature },
        "done",
      ),
    );
  });

  test("is plain words to another model, and to that of another agent", async () => {
    const plain = assistant("hm", "so", "done");
    const other = { model: { providerId: "openai", modelId: "gpt-x" }, kind: "openai" } as const;
    expect((await view(answered(parts), other))[1]).toEqual(plain);
    expect((await view(answered(parts, { agent: "opencode" })))[1]).toEqual(plain);
  });

  test("reasoning that nobody signed goes only where it need not be", async () => {
    const rows = answered([reasoning("hm"), text("done")]);
    expect((await view(rows))[1]).toEqual(assistant("done"));
    expect((await view(rows, { kind: "openai-compatible" }))[1]).toEqual(
      assistant({ type: "reasoning", text: "hm" }, "done"),
    );
  });

  test("reasoning without text goes with its signature, and none that nothing came of", async () => {
    const rows = answered([reasoning("", signature), text("done"), reasoning("more", signature)]);
    expect((await view(rows))[1]).toEqual(
      assistant({ type: "reasoning", text: "", providerOptions: signature }, "done"),
    );
  });
});

describe("[R-12.5] files", () => {
  const attached = completed("seen", {
    attachments: [
      { type: "file", mime: "image/png", filename: "a.png", url: "blob:png" },
      { type: "file", mime: "image/png", url: "https://example.test/b.png" },
      { type: "file", mime: "audio/wav", url: "blob:png" },
    ],
  });
  const content = { type: "content", value: [said("seen"), image] };
  const beside = [said(WORDS.fromTools), image];

  test.each<[string, Partial<ViewOptions>, boolean]>([
    ["anthropic", {}, true],
    ["openai", { kind: "openai" }, true],
    ["gemini-3", { kind: "google", model: { providerId: "g", modelId: "gemini-3-pro" } }, true],
    ["an older gemini", { kind: "google", model: { providerId: "g", modelId: "gemini-2.5-pro" } }, false],
    ["any other", { kind: "openai-compatible", facts: { images: true } }, false],
  ])("of results: in them for %s, or else behind them", async (_, over, isIn) => {
    const messages = await view(answered([call("c1", attached)]), over);
    const { model } = { ...OPTIONS, ...over };
    const id = model.modelId === "claude-x" ? "c1" : "prt_3";
    const expected = isIn
      ? [result(id, content)]
      : [result(id, { type: "text", value: "seen" }), user(...beside)];
    expect(messages.slice(2)).toEqual(expected);
  });

  test("a kind that the model does not take is told", async () => {
    const rows = new Rows();
    rows.user([file("image/png", "blob:png", { filename: "a.png" }), file("application/pdf", "blob:png")]);
    const told = JSON.stringify(await view(rows, { facts: { images: false, pdf: false } }));
    expect(told).toContain("ERROR: a.png cannot be read: this model takes no images");
    expect(told).toContain("takes no PDF files");
    expect(JSON.stringify(await view(rows, { kind: "openai-compatible" }))).toContain("takes no images");
    const results = await view(answered([call("c1", attached)]), { facts: { images: false } });
    expect(JSON.stringify(results[2])).toContain("seen\\nERROR: a.png");
  });

  test.each([
    ["an image", file("image/png", "blob:png", { filename: "a.png" }), image],
    ["an empty one", file("image/png", "blob:empty"), said(WORDS.empty)],
    [
      "one that is gone",
      file("image/png", "blob:none"),
      said("[Attached image/png: file, which is not stored here]"),
    ],
    [
      "of no kind that models take",
      file("image/svg+xml", "blob:png", { filename: "a.svg" }),
      said("[Attached image/svg+xml: a.svg, of a kind that is not given to you]"),
    ],
    [
      "text",
      file("text/yaml", "blob:text", { filename: "a.yaml" }),
      said('<file name="a.yaml">\na: 1\n</file>'),
    ],
    [
      "text that is gone",
      file("text/plain", "blob:none"),
      said("[Attached text/plain: file, which is not stored here]"),
    ],
    [
      "a place of the workspace",
      file("text/plain", "file:///w/a%20b.ts"),
      said("[The user names the file /w/a b.ts. Read it where it matters.]"),
    ],
    [
      "some of its lines",
      file("text/plain", "file:///w/a.ts?start=3&end=9"),
      said("[The user names the file /w/a.ts, lines 3 to 9. Read it where it matters.]"),
    ],
    [
      "a directory",
      file("application/x-directory", "file:///w/src"),
      said("[The user names the directory /w/src.]"),
    ],
    [
      "an address",
      file("text/html", "https://example.test/"),
      said("[Attached text/html: https://example.test/, at https://example.test/]"),
    ],
  ])("of the user: %s", async (_, part, sent) => {
    const rows = new Rows();
    rows.user([part]);
    expect(await view(rows)).toEqual([user(sent)]);
  });

  test("of a long text its beginning", async () => {
    const rows = new Rows();
    rows.user([file("text/plain", "blob:long")]);
    expect(JSON.stringify(await view(rows))).toContain("[The rest is left out: 7 characters.]");
  });

  test("names stand for all media where they are stripped", async () => {
    const rows = answered([call("c1", attached)]);
    rows.user([file("image/png", "blob:png", { filename: "a.png" })]);
    const messages = await view(rows, { stripMedia: true });
    expect(messages.slice(2)).toEqual([
      result("c1", { type: "text", value: "seen" }),
      user("[Attached image/png: a.png]"),
    ]);
  });
});

describe("[R-12.6] turns of the talk are such as providers take", () => {
  test("who speaks twice speaks once, and the user begins and is last", async () => {
    const rows = new Rows();
    rows.answer("by itself");
    rows.answer("and more");
    rows.user("a");
    rows.user("b");
    rows.answer("c");
    expect(await view(rows)).toEqual([
      user(WORDS.nobodyAsked),
      assistant("by itself", "\n\nand more"),
      user("a", "b"),
      assistant("c"),
      user(WORDS.goOn),
    ]);
  });

  test("what an agent did by itself says so", async () => {
    const rows = new Rows();
    rows.user([
      { ...preamble("own work", "A background task ended."), ignored: true } as ReturnType<typeof preamble>,
    ]);
    rows.answer("done", { agent: "claude" });
    rows.user("a");
    expect(await view(rows)).toEqual([user(WORDS.ownWork), assistant("done"), user("a")]);
  });
});

describe("[R-16.2] behind a summary", () => {
  const idOf = (message: Message) => message.info.id;
  const [what, sum] = [user(WORDS.whatWasDone), assistant("sum")];
  const parts = (...messages: (Message | undefined)[]) =>
    toModelMessages(
      messages.filter((each) => each !== undefined),
      OPTIONS,
    ) as Promise<ModelMessage[]>;

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
