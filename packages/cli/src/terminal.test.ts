import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { EMPTY_SESSION, type SessionState } from "@holdfast/client";
import type { Message, Part, Permission, SessionEvent } from "@holdfast/protocol";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askPermission } from "./ask-permission.ts";
import { onInterrupt } from "./interrupts.ts";
import { createOutput, oneLine, type Output, withoutControls } from "./output.ts";
import { parseModel } from "./prompt-text.ts";
import { createRunReporter } from "./run-reporter.ts";
import { TranscriptPrinter } from "./transcript-printer.ts";
import { TurnText } from "./turn-text.ts";

const plain = { stdoutColor: false, stderrColor: false };

describe("[I-10] an answer on a terminal", () => {
  const ids = { id: "prt_1", sessionId: "ses_1", messageId: "msg_1" } as unknown as Pick<
    Part,
    "id" | "sessionId" | "messageId"
  >;
  const collect = () => {
    const written = { out: "", notes: [] as string[] };
    const output: Output = {
      ...createOutput(plain),
      write: (piece) => (written.out += piece),
      note: (line) => written.notes.push(line),
    };
    return { written, printer: new TurnText(output) };
  };
  const words = (id: string, content: string) =>
    ({ ...ids, id, type: "text", text: content }) as unknown as Part;

  test("[I-10] each character is written once, whatever repeats", () => {
    const { written, printer } = collect();
    for (const content of ["he", "hello", "hello", "hel", "hello w"]) printer.part(words("prt_1", content));
    printer.part(words("prt_2", "next\n"));
    printer.end();
    expect(written.out).toBe("hello w\nnext\n");
  });

  test("[I-10] a call is told once when it runs, and once more when it fails", () => {
    const { written, printer } = collect();
    const call = (state: object) =>
      ({ ...ids, type: "tool", callId: "c", tool: "bash", state }) as unknown as Part;
    const running = { status: "running", input: {}, raw: "", title: "ls\n-la", time: { start: 1 } };
    printer.part(call({ status: "pending", input: {}, raw: "" }));
    printer.part(call(running));
    printer.part(call({ ...running, output: "x" }));
    printer.part(
      call({ ...running, status: "error", error: "no\u001b[2J such", time: { start: 1, end: 2 } }),
    );
    expect(written.notes).toEqual(["• ls -la", "✗ ls -la: no<U+001B>[2J such"]);
  });
});

test("[I-10] text of others does not steer the terminal", () => {
  expect(withoutControls("a\u001b]0;title\u0007b\r\n\tc\u009b1m")).toBe(
    "a\ufffd]0;title\ufffdb\ufffd\n\tc\ufffd1m",
  );
  expect(oneLine("a\n b\tc", 80)).toBe("a b c");
  expect(oneLine("abcdef", 4)).toBe("abc…");
});

test.each([
  ["gpt", { modelId: "gpt" }],
  ["openrouter/a/b", { providerId: "openrouter", modelId: "a/b" }],
])("the model %s is %j", (name, model) => {
  expect(parseModel(name)).toEqual({ model });
});

test.each(["/x", "x/", ""])("%j is no model", (name) => {
  expect(() => parseModel(name)).toThrow("is not a model");
});

describe("[A-19] asking a person", () => {
  const permission = {
    id: "per_1",
    agent: "qwen",
    title: "rm -rf \u001b[31mbuild",
    kind: "execute",
    args: { command: "rm -rf build" },
    patterns: ["rm -rf build"],
  } as unknown as Permission;

  const askWith = async (typed: string, signal = new AbortController().signal, more = {}) => {
    const input = new PassThrough();
    const output = new PassThrough();
    input.write(typed);
    const request = { ...permission, ...more };
    const reply = await askPermission(request, createOutput(plain), signal, { input, output });
    output.end();
    return { reply, shown: await text(output) };
  };

  test.each([
    ["o\n", "once"],
    ["Always\n", "always"],
    ["n\n", "reject"],
    ["what\n\nr\n", "reject"],
  ])("[A-19] %j means %s", async (typed, reply) => {
    const asked = await askWith(typed);
    expect(asked.reply).toBe(reply);
    expect(asked.shown).toContain("command: rm -rf build");
    expect(asked.shown).not.toContain("\u001b");
  });

  const many = Array.from({ length: 50 }, (_, at) => [`a${at}`, `/place/${at}`] as const);
  test.each([
    [
      "names neither command nor path",
      { args: { cmd: "ls" }, patterns: [], tool: "shell\u202e" },
      /always allows: every call of shell<U\+202E>, whatever it is given/,
    ],
    [
      "names what stands in an argument that is left out",
      { args: Object.fromEntries(many), patterns: ["/place/49"] },
      /<\+10 arguments>\n {2}always allows: \/place\/49\n/,
    ],
    [
      "names very many paths",
      { args: {}, patterns: many.map(([, path]) => path) },
      /always allows: \/place\/39\n {2}<\+10 patterns>\n/,
    ],
  ])("[A-19, I-23] what `always` would allow is said when a request %s", async (_name, more, said) => {
    expect((await askWith("r\n", undefined, more)).shown).toMatch(said);
  });

  test("[I-23] what the agent says while `run` asks comes behind the answer and cannot pass for the question", () => {
    let written = "";
    const output: Output = { ...createOutput(plain), write: (piece) => (written += piece) };
    const reporter = createRunReporter("text", output);
    const say = (id: string, words: string) =>
      reporter.part({
        id,
        sessionId: "ses_1",
        messageId: "msg_1",
        type: "text",
        text: words,
      } as unknown as Part);
    say("prt_1", "I look");
    reporter.asks(true);
    expect(written).toBe("I look\n");
    say("prt_1", `I look${"\n".repeat(60)}`);
    say("prt_2", "? qwen asks: ls\n  [o]nce, [a]lways, [r]eject, [s]how all: ");
    expect(written).toBe("I look\n");
    reporter.asks(false);
    expect(written).toContain("\n? qwen asks: ls\n");
    reporter.asks(true);
    say("prt_3", "and more");
    reporter.failed("X", "x", 1);
    expect(written).toMatch(/and more\n$/);
  });

  test("[I-23] `attach` shows the request that an answer is for, below everything that came before the answer", () => {
    let shown = "";
    const put = (text: string) => void (shown += `${text}\n`);
    const printer = new TranscriptPrinter({ ...createOutput(plain), write: put, note: put });
    const request = (id: string) =>
      ({ ...permission, id, title: id, state: "pending" }) as unknown as Permission;
    const open = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, request(id)]));
    const text = {
      id: "prt_1",
      messageId: "msg_1",
      type: "text",
      text: "? qwen asks: ls",
    } as unknown as Part;
    const message = {
      info: { id: "msg_1", role: "assistant", ordinal: 0, turnId: "trn_1" },
      parts: [text],
    } as unknown as Message;
    const asked = (permissions: SessionState["permissions"]) => ({ ...EMPTY_SESSION, permissions });
    const tell = (data: object, state: SessionState, type = "permission.asked") =>
      printer.event({ type, data } as unknown as SessionEvent, state);
    printer.begin(EMPTY_SESSION, 10);
    tell({ permission: request("one") }, asked(open("one")));
    tell({ permission: request("two") }, asked(open("one", "two")));
    tell({ part: text }, { ...asked(open("one", "two")), messages: [message] }, "message.part.updated");
    expect(shown).toMatch(/qwen asks: one[^]*command: rm -rf build\n$/);
    expect(shown).not.toContain("two");
    tell(
      { permission: { ...request("one"), state: "replied", reply: "once" } },
      { ...asked(open("two")), messages: [message] },
      "permission.replied",
    );
    expect(shown).toMatch(/Allowed: one\n[?] qwen asks: ls\n[^]*qwen asks: two[^]*command: rm -rf build\n$/);
  });

  test("[A-19] when somebody else answers first, the question goes away", async () => {
    expect((await askWith("", AbortSignal.abort())).reply).toBeUndefined();
  });
});

describe("[I-11] Ctrl-C", () => {
  afterEach(() => vi.useRealTimers());

  test("[I-11] the first stops, one within 500 ms is the same, a later one leaves", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const heard: string[] = [];
    const forget = onInterrupt(
      () => heard.push("stop"),
      () => heard.push("leave"),
    );
    try {
      process.emit("SIGINT");
      vi.advanceTimersByTime(500);
      process.emit("SIGINT");
      expect(heard).toEqual(["stop"]);
      vi.advanceTimersByTime(1);
      process.emit("SIGINT");
      expect(heard).toEqual(["stop", "leave"]);
    } finally {
      forget();
    }
    expect(process.listenerCount("SIGINT")).toBe(0);
  });
});
