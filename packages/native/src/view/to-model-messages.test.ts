import type { Message } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import {
  call,
  completed,
  failed,
  pending,
  preamble,
  reasoning,
  Rows,
  running,
  text,
} from "../../test/rows.ts";
import { answered, assistant, called, result, user, view } from "../../test/view.ts";
import { WORDS } from "./words.ts";

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
    rows.answer([call("prt_s", completed("found"), { tool: "task", metadata: link }), text("ok")]);
    rows.user([subtask]);
    const [asked, answer, again] = await view(rows);
    expect([asked, answer]).toEqual([user("report"), assistant("ok")]);
    expect(JSON.stringify(again)).toContain("no report of it came:\\nlook");
  });

  test("a call by which the model gave work to another agent stays in its view, with what came of it", async () => {
    const rows = new Rows();
    const link = {
      holdfast: "subtask",
      sessionId: `ses_${"0".repeat(26)}`,
      turnId: `trn_${"0".repeat(26)}`,
      agent: "native:build",
    };
    rows.user([text("go")]);
    rows.answer([call("call_1", completed("found"), { tool: "task", metadata: link })]);
    const told = JSON.stringify(await view(rows));
    expect(told).toContain('"tool-call"');
    expect(told).toContain("found");
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
    const plain = assistant("hm\n\nso\n\ndone");
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
      assistant("by itself\n\nand more"),
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
