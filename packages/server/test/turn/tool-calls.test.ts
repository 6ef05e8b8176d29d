import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ToolUpdate } from "../../src/agents/index.ts";
import { recorderUnderTest } from "./recorder-under-test.ts";

type Under = ReturnType<typeof recorderUnderTest>;

const tell = ({ recorder }: Under, ...updates: ToolUpdate[]) => {
  for (const update of updates) recorder.emit({ type: "tool", update });
};
const statuses = ({ log }: Under, callId = "c") =>
  log
    .of("part")
    .flatMap(({ part }) => (part.type === "tool" && part.callId === callId ? [part.state.status] : []));

describe("[D-16] the states of a call", () => {
  type Status = ToolUpdate["status"];
  const table: [Status[], string[]][] = [
    [
      ["pending", "running", "completed"],
      ["pending", "running", "completed"],
    ],
    [
      ["pending", "running", "error"],
      ["pending", "running", "error"],
    ],
    [
      ["running", "pending", "completed"],
      ["running", "completed"],
    ],
    [
      ["pending", "completed"],
      ["pending", "running", "completed"],
    ],
    [["error"], ["running", "error"]],
    [
      ["completed", "running"],
      ["running", "completed"],
    ],
    [
      ["completed", "error"],
      ["running", "completed"],
    ],
    [
      ["error", "completed"],
      ["running", "error"],
    ],
    [[undefined, undefined], ["pending"]],
  ];
  test.each(table)("[D-16] told %j, written %j", async (told, written) => {
    const under = recorderUnderTest();
    tell(under, ...told.map((status) => ({ callId: "c", status })));
    await under.recorder.flushed();
    expect(statuses(under)).toEqual(written);
  });

  test("[D-16] what is said of a call in pieces is kept together", async () => {
    const under = recorderUnderTest();
    tell(
      under,
      { callId: "c", metadata: { one: 1 } },
      { callId: "c", status: "running", metadata: { two: 2 } },
    );
    await under.recorder.flushed();
    const parts = under.log.of("part").flatMap(({ part }) => (part.type === "tool" ? [part] : []));
    expect(parts.at(-1)?.metadata).toEqual({ one: 1, two: 2 });
  });

  test("[D-16] what a tool says of its work stands in the state, from its start on, and stays when it is cut off", async () => {
    const under = recorderUnderTest();
    const call = (callId: string, update: Partial<ToolUpdate>) => tell(under, { callId, ...update });
    for (const id of ["c", "d"]) {
      call(id, { status: "pending", facts: { cwd: "/w" } });
      call(id, { status: "running" });
    }
    call("c", { status: "completed", facts: { exit: 0 } });
    await under.recorder.fence(0);
    await under.recorder.flushed();
    const states = under.log
      .of("part")
      .flatMap(({ part }) => (part.type === "tool" && part.callId === "c" ? [part.state] : []));
    expect(states.map((state) => ("metadata" in state ? state.metadata : state.status))).toEqual([
      "pending",
      { cwd: "/w" },
      { cwd: "/w", exit: 0 },
    ]);
    expect(under.log.tool("d").state).toMatchObject({ status: "running", metadata: { cwd: "/w" } });
  });

  test("[D-16] a settled call keeps what it was settled with", async () => {
    const under = recorderUnderTest();
    tell(under, {
      callId: "c",
      status: "completed",
      output: "first",
      title: "T",
      input: { a: 1 },
      raw: '{"a":1}',
    });
    tell(under, { callId: "c", status: "completed", output: "second", title: "U" });
    await under.recorder.fence(0);
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({
      status: "completed",
      output: "first",
      title: "T",
      input: { a: 1 },
      raw: '{"a":1}',
    });
  });

  test("[R-17.11] what is said of a call beside its state is merged, and its end takes nothing of it away", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "pending", metadata: { early: 1, both: 1 } });
    tell(under, { callId: "c", status: "running", metadata: { both: 2 } });
    tell(under, { callId: "c", status: "error", error: "broke" });
    await under.recorder.flushed();
    expect(under.log.tool("c").metadata).toEqual({ early: 1, both: 2 });
  });

  test("[R-11.1] raw input text is kept and grows by deltas; other text replaces it", async () => {
    const under = recorderUnderTest();
    for (const raw of ['{"com', '{"command":', '{"command":"ls"}']) {
      tell(under, { callId: "c", status: "pending", tool: "bash", raw });
      await under.recorder.flushed();
    }
    expect(under.log.of("delta").map(({ field, offset, text }) => [field, offset, text])).toEqual([
      ["raw", 5, 'mand":'],
      ["raw", 11, '"ls"}'],
    ]);
    tell(under, { callId: "c", raw: "other" }, { callId: "c", status: "running", input: { command: "ls" } });
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({
      status: "running",
      raw: "other",
      input: { command: "ls" },
    });
  });
});

describe("[D-16] progress of a running call", () => {
  test("[D-16] 10,000 updates in 10 s are written 4 times a second, and the last one is there", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "running", tool: "bash" });
    let output = "";
    for (let count = 0; count < 10_000; count += 1) {
      output += `${count % 10}`;
      tell(under, { callId: "c", output });
      under.clock.advance(1);
      if (count % 100 === 0) await under.recorder.flushed();
    }
    under.clock.advance(250);
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({ status: "running", output });
    const writes = under.log.of("delta").length + under.log.of("part").length;
    expect(writes).toBeGreaterThan(20);
    expect(writes).toBeLessThanOrEqual(43);
  });

  test("[D-16] a state change is never delayed and carries what was withheld", async () => {
    const under = recorderUnderTest();
    tell(
      under,
      { callId: "c", status: "running" },
      { callId: "c", output: "a" },
      { callId: "c", output: "ab" },
    );
    tell(under, { callId: "c", status: "completed" });
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({ status: "completed", output: "ab" });
    under.clock.advance(10_000);
    await under.recorder.flushed();
    expect(statuses(under)).toEqual(["running", "completed"]);
  });

  test("[D-16] output that does not extend the old, and changed facts, replace the part", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "running" });
    for (const update of [
      { output: "10 %" },
      { output: "20 %" },
      { output: "20 %!" },
      { title: "Half" },
      { title: "Half" },
    ]) {
      under.clock.advance(250);
      tell(under, { callId: "c", ...update });
      await under.recorder.flushed();
    }
    expect(under.log.ops.map(({ op }) => op)).toEqual(["part", "part", "part", "delta", "part"]);
    expect(under.log.tool("c").state).toMatchObject({ output: "20 %!", title: "Half" });
  });

  test("[D-16] any updates of a call are written in legal steps and end as told", async () => {
    const update = fc.record(
      {
        status: fc.constantFrom("pending", "running", "completed", "error"),
        output: fc.string({ unit: fc.constantFrom("a", "b", "\u{1f600}", "\ud83d"), maxLength: 6 }),
        raw: fc.string({ unit: fc.constantFrom("{", "\u{1f600}", "\ude00"), maxLength: 4 }),
        title: fc.constantFrom("one", "two"),
        wait: fc.nat(400),
      },
      { requiredKeys: ["wait"] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(update, { minLength: 1, maxLength: 12 }), async (updates) => {
        const under = recorderUnderTest();
        for (const { wait, ...rest } of updates) {
          tell(under, { callId: "c", ...(rest as Partial<ToolUpdate>) });
          under.clock.advance(wait);
          await under.recorder.flushed();
        }
        await under.recorder.fence(0);
        await under.recorder.flushed();
        const { state } = under.log.tool("c");
        expect(state).toMatchObject(expectedState(updates));
      }),
      { numRuns: 300 },
    );
  });
});

/** What the row must say after such updates; text that ends in half a pair may be shown in two ways and is not compared. */
function expectedState(
  updates: { status?: string; output?: string; raw?: string }[],
): Record<string, unknown> {
  const end = updates.findIndex(({ status }) => status === "completed" || status === "error");
  const told = end < 0 ? updates : updates.slice(0, end + 1);
  const expected: Record<string, unknown> = end < 0 ? {} : { status: updates[end]?.status };
  const output = told.findLast((one) => one.output !== undefined)?.output;
  const runs = told.some(({ status, output: text }) =>
    status !== undefined ? status !== "pending" : text !== undefined,
  );
  if (output?.isWellFormed() === true && runs) expected["output"] = output;
  const raw = told.findLast((one) => one.raw !== undefined)?.raw ?? "";
  if (raw.isWellFormed()) expected["raw"] = raw;
  return expected;
}

describe("[D-28] output over the limits", () => {
  const long = `${"line\n".repeat(3_000)}end`;

  test("[D-28] is cut in the part, and the whole is a blob that is stored before the row", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "completed", output: long });
    await under.recorder.flushed();
    const { state } = under.log.tool("c");
    if (state.status !== "completed") throw new Error("not completed");
    expect(state.output).toBe("line\n".repeat(2_000));
    expect(state.truncated).toEqual({ hash: [...under.log.blobs.keys()][0], bytes: 15_003, lines: 3_001 });
    expect(Buffer.from(under.log.blobs.get(state.truncated?.hash ?? "") ?? []).toString()).toBe(long);
  });

  test("[D-28, R-17.19] of a call that is interrupted is kept whole too", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "running", output: long });
    await under.recorder.flushed();
    expect(under.log.blobs.size).toBe(0);
    await under.recorder.fence(0);
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({
      status: "running",
      truncated: { bytes: 15_003, lines: 3_001 },
    });
  });

  test("[D-28] is refused storage and repeated: the blob and the row come once, in order, before what follows", async () => {
    const under = recorderUnderTest();
    under.log.answers.push("commit", "unavailable");
    tell(under, { callId: "c", status: "running" });
    await under.recorder.flushed();
    tell(under, { callId: "c", status: "completed", output: long });
    under.recorder.emit({ type: "text", text: "after" });
    await expect.poll(() => under.log.answers.length).toBe(0);
    await expect.poll(() => (under.clock.advance(5_000), under.log.texts("text"))).toEqual(["after"]);
    expect(under.log.blobs.size).toBe(1);
    expect(under.log.parts.map(({ type }) => type)).toEqual(["tool", "text"]);
    expect(under.log.of("turn").map(({ patch }) => patch.waitingFor)).toEqual([{ kind: "storage" }, null]);
  });

  test("[D-28, R-8.1] attachments are stored once and never as base64 in the part; a reference stays one", async () => {
    const under = recorderUnderTest();
    const data = Buffer.from("pixels").toString("base64");
    const link = { mime: "text/html", filename: "page", url: "https://example.test/page" };
    const attachments = [{ mime: "image/png", filename: "shot.png", data }, link];
    tell(under, { callId: "c", status: "running", attachments });
    tell(under, { callId: "c", status: "completed", output: "shot" });
    await under.recorder.flushed();
    const hash = [...under.log.blobs.keys()][0] ?? "";
    expect(under.log.tool("c").state).toMatchObject({
      attachments: [
        { type: "file", mime: "image/png", filename: "shot.png", url: `blob:${hash}` },
        { type: "file", ...link },
      ],
    });
    expect(JSON.stringify(under.log.ops)).not.toContain(data);
    expect(Buffer.from(under.log.blobs.get(hash) ?? []).toString()).toBe("pixels");
  });

  test("[D-28] a refused attachment is stored again without storing the text twice", async () => {
    const under = recorderUnderTest();
    const attachments = ["one", "two"].map((text) => ({
      mime: "image/png",
      data: Buffer.from(text).toString("base64"),
    }));
    tell(under, { callId: "c", status: "running" });
    await under.recorder.flushed();
    under.log.answers.push("commit", "commit", "unavailable");
    tell(under, { callId: "c", status: "completed", output: long, attachments });
    await expect.poll(() => (under.clock.advance(5_000), under.log.tool("c").state.status)).toBe("completed");
    expect(under.log.stored).toHaveLength(3);
    expect(new Set(under.log.stored).size).toBe(3);
  });

  test("[D-12] output that ends inside a surrogate pair is shown when the other half is there", async () => {
    const under = recorderUnderTest();
    for (const output of ["a\ud83d", "a\ud83d\ude00"]) {
      tell(under, { callId: "c", status: "running", output });
      await under.recorder.flushed();
      under.clock.advance(250);
    }
    await under.recorder.flushed();
    expect(under.log.ops.map((op) => (op.op === "delta" ? [op.offset, op.text] : op.op))).toEqual([
      "part",
      [1, "\u{1f600}"],
    ]);
  });

  test("[D-28] a long error text is cut as well", async () => {
    const under = recorderUnderTest();
    tell(under, { callId: "c", status: "error", error: long });
    await under.recorder.flushed();
    expect(under.log.tool("c").state).toMatchObject({
      error: "line\n".repeat(2_000),
      truncated: { lines: 3_001 },
    });
  });
});
