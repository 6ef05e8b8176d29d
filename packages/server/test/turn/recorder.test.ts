import { cleanText, newId } from "@holdfast/kernel";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../src/agents/index.ts";
import { recorderUnderTest } from "./recorder-under-test.ts";

const text = (chunk: string, streamId?: string): AgentEvent =>
  streamId === undefined ? { type: "text", text: chunk } : { type: "text", text: chunk, streamId };
const thought = (chunk: string): AgentEvent => ({ type: "reasoning", text: chunk });
const call = (callId: string): AgentEvent => ({
  type: "tool",
  update: { callId, status: "running", tool: "bash" },
});

async function record(events: AgentEvent[]) {
  const under = recorderUnderTest();
  under.recorder.begin();
  for (const event of events) under.recorder.emit(event);
  await under.recorder.fence(0);
  await under.recorder.flushed();
  return under.log;
}

describe("[R-5.1] which text goes into which part", () => {
  test.each([
    ["chunks of one stream", [text("a"), text("b")], ["text:ab"]],
    [
      "two named streams, interleaved",
      [text("a", "1"), text("x", "2"), text("b", "1")],
      ["text:ab", "text:x"],
    ],
    ["a tool call in between", [text("a", "1"), call("c"), text("b", "1")], ["text:a", "tool", "text:b"]],
    [
      "an update of a known call in between",
      [call("c"), text("a"), call("c"), text("b")],
      ["tool", "text:ab"],
    ],
    ["a thought in between", [text("a"), thought("t"), text("b")], ["text:a", "reasoning:t", "text:b"]],
    ["an empty chunk", [text(""), call("c")], ["tool"]],
  ])("[R-5.1] %s", async (_name, events, parts) => {
    const log = await record(events);
    const shown = log.parts.map((part) =>
      part.type === "text" || part.type === "reasoning" ? `${part.type}:${part.text}` : part.type,
    );
    expect(shown).toEqual(["step-start", ...parts]);
  });
});

describe("[A-23] the whole text of a stream", () => {
  const whole = (said: string, streamId: string): AgentEvent => ({
    type: "text",
    text: said,
    streamId,
    whole: true,
  });

  test.each([
    ["heals what lost a piece", [text("He", "1"), text("o", "1"), whole("Hello", "1")], ["text:Hello"]],
    ["may be shorter", [text("Hello  ", "1"), whole("Hello", "1")], ["text:Hello"]],
    ["goes on after it", [text("Hllo", "1"), whole("Hello", "1"), text(" you", "1")], ["text:Hello you"]],
    [
      "reaches the row also after a tool call ended it",
      [text("Hllo", "1"), call("c"), whole("Hello", "1")],
      ["text:Hello", "tool"],
    ],
    ["begins a stream that nobody heard of", [whole("Hello", "1")], ["text:Hello"]],
    ["leaves the others alone", [text("a", "1"), text("x", "2"), whole("b", "1")], ["text:b", "text:x"]],
  ])("[A-23] %s", async (_name, events, parts) => {
    const log = await record(events);
    const shown = log.parts.map((part) => (part.type === "text" ? `text:${part.text}` : part.type));
    expect(shown).toEqual(["step-start", ...parts]);
  });
});

test("[R-5.1, A-23] what is said of a text beside its words stands in its part, and the last word holds", async () => {
  const piece = (chunk: string, metadata?: object): AgentEvent =>
    ({ type: "reasoning", text: chunk, streamId: "1", ...(metadata && { metadata }) }) as AgentEvent;
  const whole = (said: string, metadata: object): AgentEvent =>
    ({ ...piece(said, metadata), whole: true }) as AgentEvent;
  const log = await record([
    piece("so", { signature: "a" }),
    piece(" it is"),
    call("c"),
    whole("so it is", { signature: "b" }),
    whole("so it was", { signature: "c" }),
    { type: "text", text: "yes" },
  ]);
  const said = log.parts.flatMap((part) =>
    part.type === "text" || part.type === "reasoning" ? [[part.text, part.metadata]] : [],
  );
  expect(said).toEqual([
    ["so it was", { signature: "c" }],
    ["yes", undefined],
  ]);
});

test("[R-12.4] sealed reasoning without words is a part", async () => {
  const sealed = { openai: { encrypted: "x" } };
  const log = await record([
    { type: "reasoning", text: "", streamId: "1" },
    { type: "reasoning", text: "", streamId: "2", whole: true, metadata: sealed },
    { type: "reasoning", text: "so", streamId: "2" },
  ]);
  const said = log.parts.flatMap((part) => (part.type === "reasoning" ? [[part.text, part.metadata]] : []));
  expect(said).toEqual([["so", sealed]]);
});

describe("[D-12] deltas", () => {
  test("[D-12] the first chunk makes the row with its text, later ones are deltas, and neighbours are one", async () => {
    const { recorder, log } = recorderUnderTest();
    recorder.emit(text("Hel"));
    recorder.emit(text("lo "));
    recorder.emit(text("you"));
    await recorder.flushed();
    expect(log.ops.map((op) => op.op)).toEqual(["part", "delta"]);
    expect(log.of("delta")[0]).toMatchObject({ field: "text", offset: 3, text: "lo you" });
  });

  test("[D-12] a trailing high surrogate waits for its other half, and alone it becomes U+FFFD", async () => {
    const log = await record([
      text("a\ud83d"),
      text("\ude00b"),
      text("\ud83d"),
      text("c\u0000"),
      text("\ud83d"),
    ]);
    expect(log.texts("text")).toEqual(["a\u{1f600}b\ufffdc\ufffd\ufffd"]);
  });

  test("[D-12] any text in any chunks, streams and pauses folds to the same text with offsets that leave no gap", async () => {
    const unit = fc.constantFrom("a", "b\n", "é", "\u{1f600}", "\ud83d", "\ude00", "\u0000");
    const chunk = fc.record({
      stream: fc.constantFrom("one", "two", "three"),
      text: fc.string({ unit, maxLength: 6 }),
      pause: fc.nat(1_500),
    });
    const cut = fc.array(chunk, { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(cut, fc.boolean(), async (chunks, flushes) => {
        const { recorder, log, clock } = recorderUnderTest();
        for (const { stream, text: piece, pause } of chunks) {
          // Units are cut further, so that pairs are torn too.
          for (const half of piece.split("")) recorder.emit(text(half, stream));
          clock.advance(pause);
          if (flushes) await recorder.flushed();
        }
        await recorder.fence(0);
        await recorder.flushed();
        const whole = new Map<string, string>();
        for (const { stream, text: piece } of chunks) whole.set(stream, (whole.get(stream) ?? "") + piece);
        const expected = [...whole.values()].filter((value) => value !== "").map(cleanText);
        expect(log.texts("text").toSorted()).toEqual(expected.toSorted());
        const rows = new Set(log.of("part").map(({ part }) => part.id));
        expect(log.parts).toHaveLength(rows.size);
      }),
      { numRuns: 300 },
    );
  });

  test("[D-12] one append is in flight: what arrives meanwhile is the next one", async () => {
    const { recorder, log } = recorderUnderTest();
    const commit = Promise.withResolvers<"commit">();
    log.answers.push(commit.promise);
    recorder.emit(text("a"));
    await Promise.resolve();
    for (let count = 0; count < 50; count += 1) recorder.emit(text("b"));
    commit.resolve("commit");
    await recorder.flushed();
    expect(log.batches).toEqual([1, 1]);
    expect(log.texts("text")).toEqual([`a${"b".repeat(50)}`]);
  });

  test("[D-13] a streaming part is checkpointed at most once a second, and an ended one is rewritten whole", async () => {
    const { recorder, log, clock } = recorderUnderTest();
    for (let count = 0; count < 25; count += 1) {
      recorder.emit(text("w "));
      await recorder.flushed();
      clock.advance(100);
    }
    expect(log.of("checkpoint")).toHaveLength(2);
    recorder.emit(call("c"));
    await recorder.flushed();
    const rows = log.of("part").filter(({ part }) => part.type === "text");
    expect(rows).toHaveLength(2);
    expect(rows[1]?.part).toMatchObject({
      text: "w ".repeat(25),
      time: { start: clock.now() - 2_500, end: clock.now() },
    });
  });
});

describe("[R-1.6] steps of an agent that tells them apart", () => {
  const step = (stepId: string, told: object = {}): AgentEvent => ({ type: "step", stepId, ...told });
  const whole = (said: string, streamId: string): AgentEvent =>
    ({ ...text(said, streamId), whole: true }) as AgentEvent;
  const done = (callId: string): AgentEvent => ({ type: "tool", update: { callId, status: "completed" } });

  /** What each answer holds, in their order. */
  async function answersOf(events: AgentEvent[]): Promise<string[][]> {
    const log = await record(events);
    const ids = [log.parts[0]?.messageId, ...log.of("step").map(({ next }) => next.messageId)];
    return ids.map((id) =>
      log.parts.flatMap((part) => {
        if (part.messageId !== id || part.type === "step-start") return [];
        return [part.type === "text" ? part.text : part.type === "tool" ? part.callId : part.type];
      }),
    );
  }

  test.each([
    ["the first one that is named is the one that is open", [step("1"), text("a")], [["a"]]],
    ["what came before its name is its own", [text("a"), step("1"), text("b")], [["ab"]]],
    [
      "a new one takes what follows",
      [step("1"), text("a", "s"), call("c"), done("c"), step("2"), text("b", "t"), step("3"), call("d")],
      [["a", "c"], ["b"], ["d"]],
    ],
    ["a known one begins nothing", [step("1"), step("2"), text("a"), step("1"), text("b")], [[], ["ab"]]],
    [
      "the end of an earlier call is the earlier step's",
      [step("1"), call("c"), step("2"), text("a"), done("c"), text("b")],
      [["c"], ["ab"]],
    ],
    [
      "a call that ended in an earlier step is another one now",
      [step("1"), call("c"), done("c"), step("2"), call("c"), done("c")],
      [["c"], ["c"]],
    ],
    [
      "the whole of an earlier text is the earlier step's",
      [step("1"), text("Hllo", "s"), step("2"), text("b", "t"), whole("Hello", "s")],
      [["Hello"], ["b"]],
    ],
    [
      "text without a stream ends with its step",
      [step("1"), text("a"), step("2"), text("b")],
      [["a"], ["b"]],
    ],
  ])("[R-1.6] %s", async (_name, events, answers) => {
    expect(await answersOf(events)).toEqual(answers);
  });

  test("[R-1.6, A-21] what is told of a step goes to its own answer, before the next one begins", async () => {
    const tokens = { input: 3, output: 1 };
    const end = { finish: "tool-calls", tokens, cost: 0.5 };
    const log = await record([
      step("1"),
      text("a"),
      step("1", end),
      step("2"),
      step("2", { finish: "stop" }),
    ]);
    expect(log.ops.map(({ op }) => op)).toEqual(["part", "part", "answer", "part", "step", "answer"]);
    const [first, second] = log.of("answer");
    const [begun] = log.of("step");
    expect(first).toEqual({ op: "answer", messageId: log.parts[0]?.messageId, patch: end });
    expect(second).toEqual({ op: "answer", messageId: begun?.next.messageId, patch: { finish: "stop" } });
    expect(log.parts.find((part) => part.type === "text")).toHaveProperty("time.end");
  });

  test("[A-28, R-1.6] a message that went in before the first step is answered by that one, and what is told of it later is told of its answer", async () => {
    const { recorder, log } = recorderUnderTest();
    const messageId = newId("msg");
    recorder.steered(messageId);
    for (const event of [step("1"), text("a"), step("1", { finish: "stop" })]) recorder.emit(event);
    await recorder.flushed();
    const [begun, ...others] = log.of("step");
    expect([begun?.next.parentId, others]).toEqual([messageId, []]);
    expect(log.parts.find(({ type }) => type === "text")?.messageId).toBe(begun?.next.messageId);
    expect(log.of("answer").map((op) => op.messageId)).toEqual([begun?.next.messageId]);
  });

  test("[R-1.6] a step that begins after the fence is a late note", async () => {
    const { recorder, log } = recorderUnderTest();
    recorder.emit(step("1"));
    await recorder.fence(0);
    recorder.emit(step("2"));
    await recorder.flushed();
    expect(log.of("step")).toEqual([]);
    expect(log.of("note")).toHaveLength(1);
  });

  test("[R-1.6, R-11.2] a call is named by the answer that it stands in", async () => {
    const { recorder, log } = recorderUnderTest();
    recorder.emit(step("1"));
    recorder.emit(call("c"));
    recorder.emit(step("2"));
    recorder.emit(call("d"));
    await recorder.flushed();
    expect(recorder.messageOf("c")).toBe(log.tool("c").messageId);
    expect(recorder.messageOf("d")).toBe(log.tool("d").messageId);
    expect(recorder.messageOf("c")).not.toBe(recorder.messageOf("d"));
  });
});

describe("[A-16] what comes after the fence", () => {
  test("[A-16] content is a late note and never enters the message; state still applies", async () => {
    const { recorder, log } = recorderUnderTest();
    recorder.emit(text("in time"));
    await recorder.fence(0);
    recorder.emit(text("too late, token=abcdefghijk"));
    recorder.emit({ type: "plan", todos: [] });
    recorder.emit({ type: "usage", usage: { cost: 1 } });
    await recorder.flushed();
    expect(log.texts("text")).toEqual(["in time"]);
    expect(log.of("todos")).toEqual([]);
    expect(log.of("turn")).toEqual([{ op: "turn", patch: { usage: { cost: 1 } } }]);
    expect(log.of("note").map(({ type, data }) => [type, data.kind])).toEqual([
      ["agent.late", "text"],
      ["agent.late", "plan"],
    ]);
    expect(log.of("note")[0]?.data).toMatchObject({ bytes: 27, tail: "too late, token=[redacted]" });
  });

  test("[D-16] a tool that runs may still end within the settle time, and nothing else enters meanwhile", async () => {
    const { recorder, log, clock } = recorderUnderTest();
    recorder.emit(call("c"));
    let fenced = false;
    const fence = recorder.fence(250).then(() => (fenced = true));
    recorder.emit(text("late"));
    recorder.emit({ type: "tool", update: { callId: "new", status: "running" } });
    await recorder.flushed();
    expect(fenced).toBe(false);
    recorder.emit({ type: "tool", update: { callId: "c", status: "completed", output: "done" } });
    await fence;
    await recorder.flushed();
    expect(log.tool("c").state).toMatchObject({ status: "completed", output: "done" });
    expect(log.parts).toHaveLength(1);
    expect(log.of("note")).toHaveLength(2);
    expect(clock.monotonic()).toBe(0);
  });

  test("[D-16] the settle time ends, and the result that comes then is late", async () => {
    const { recorder, log, clock } = recorderUnderTest();
    recorder.emit(call("c"));
    const fence = recorder.fence(250);
    clock.advance(250);
    await fence;
    recorder.emit({ type: "tool", update: { callId: "c", status: "completed", output: "done" } });
    await recorder.flushed();
    expect(log.tool("c").state.status).toBe("running");
    expect(log.of("note")).toHaveLength(1);
  });
});

describe("[A-1] other events", () => {
  test("[A-1] state becomes patches of the agent session and the turn, the plan the session's todos", async () => {
    const commands = [{ name: "review", description: "Reviews" }];
    const modes = { current: "ask", available: [] };
    const todos = [{ content: "first", status: "pending" as const, priority: "high" as const }];
    const log = await record([
      { type: "commands", commands },
      { type: "modes", modes },
      { type: "plan", todos },
      { type: "usage", usage: { context: { used: 1, size: 2 } } },
      { type: "usage", usage: { cost: 0.5 } },
      { type: "usage", usage: { cost: 0.5 } },
    ]);
    expect(log.of("agentSession").map(({ patch }) => patch)).toEqual([{ commands }, { modes }]);
    expect(log.of("todos")).toEqual([{ op: "todos", todos }]);
    expect(log.of("turn").map(({ patch }) => patch.usage)).toEqual([
      { context: { used: 1, size: 2 } },
      { context: { used: 1, size: 2 }, cost: 0.5 },
    ]);
  });

  test.each([
    ["New session - 2026-09-01T00:00:00.000Z", "A title\nand more", ["A title"]],
    ["Child session - 2026-09-01T00:00:00Z", "x".repeat(120), [`${"x".repeat(97)}...`]],
    ["Mine", "A title", []],
    ["New session - 2026-09-01T00:00:00.000Z", " \n ", []],
  ])("[A-1] a session titled %j takes %j as %j", async (before, offered, titles) => {
    const { recorder, log } = recorderUnderTest();
    log.title = before;
    recorder.emit({ type: "info", title: offered });
    await recorder.flushed();
    expect(log.of("title").map(({ title }) => title)).toEqual(titles);
  });

  test("[A-12] noise is kept as notes, with an end", async () => {
    const { recorder, log } = recorderUnderTest();
    for (let count = 0; count < 1_000; count += 1) {
      recorder.emit({ type: "raw", kind: "odd", bytes: 10_000, tail: "y".repeat(10_000) });
      await recorder.flushed();
    }
    const notes = log.of("note");
    expect(notes).toHaveLength(256);
    expect(notes[0]).toMatchObject({
      type: "agent.raw",
      data: { agent: "rehearsal", kind: "odd", bytes: 10_000 },
    });
    expect(notes[0]?.data.tail).toHaveLength(4_096);
  });
});
