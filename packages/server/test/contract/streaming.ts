import { EMPTY_SESSION } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import { type Delta, MAX_EVENT_BYTES, type Part, type ReasoningPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { CommittedEvent } from "../../src/store/index.ts";
import { reduceAll, replayAll } from "./reduction.ts";
import { refusalOf, refusalsOf } from "./refusal.ts";
import { delta, OWNER, placeOf, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

const deltasOf = (events: CommittedEvent[]): Delta[] =>
  events
    .filter((event) => event.type === "message.part.delta")
    .map((event) => JSON.parse(event.data) as Delta);

export const streamingTopic = topic("streaming", (rig) => {
  test("[D-12] deltas are durable as they come and every read folds them in", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "He", { start: 1 }));
    await rig().append(run, delta(part, 2, "llo"));
    await rig().append(run, delta(part, 5, ", world"));
    const whole = { ...part, ordinal: 0, text: "Hello, world" };
    const everywhere = async () => {
      expect(await rig().store.getPart(part.id)).toEqual(whole);
      expect((await rig().store.getMessage(part.messageId))?.parts).toEqual([whole]);
      expect((await rig().history(run.session.id)).at(-1)?.parts).toEqual([whole]);
      expect((await rig().store.messagesOfTurn(run.turn.id)).at(-1)?.parts).toEqual([whole]);
      const page = await rig().store.pageMessages({ sessionId: run.session.id, limit: 1 });
      expect(page.items[0]?.parts).toEqual([whole]);
      expect(page.seq).toBe(await rig().store.lastSeq(run.session.id));
    };
    await everywhere();
    await rig().reopen();
    await everywhere();
  });

  test("[D-12] a delta that does not begin where the field ends is refused and nothing of its command is stored", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "abc", { start: 1 }));
    const other = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const seq = await rig().store.lastSeq(run.session.id);
    const refused = [
      rig().append(run, delta(part, 2, "x")),
      rig().append(run, delta(part, 4, "x")),
      rig().append(run, delta(other, 0, "kept out"), delta(part, 9, "x")),
      rig().append(run, delta(part, 0, "x", "output")),
    ];
    expect(new Set(await refusalsOf(refused))).toEqual(new Set(["CONFLICT"]));
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    expect((await rig().store.getPart(other.id)) as typeof other).toMatchObject({ text: "" });
    await rig().append(run, delta(part, 3, "d"));
  });

  test("[D-10, R-13.1] a step that waits for its next try shows until when, whatever else is written, until it goes on or ends", async () => {
    const run = await rig().running();
    const retry = { attempt: 2, message: "overloaded", next: 5_000 };
    const seen = async () => {
      const { status, retry: waits } = await rig().readSession(run.session.id);
      return { status, waits };
    };
    await rig().append(run, { op: "retry", retry });
    expect(await seen()).toEqual({ status: "retry", waits: retry });
    await rig().reopen();
    expect(await seen()).toEqual({ status: "retry", waits: retry });
    const asked = await rig().ask(run);
    await rig().append(run, { op: "retry", retry: { ...retry, next: 9_000 } });
    expect(await seen()).toEqual({ status: "waiting", waits: undefined });
    await rig().store.replyPermission({ permissionId: asked.id, reply: "once", actor: OWNER });
    await rig().admit(run.session.id);
    expect(await seen()).toEqual({ status: "retry", waits: { ...retry, next: 9_000 } });
    await rig().append(run, { op: "retry", retry: null });
    expect(await seen()).toEqual({ status: "busy", waits: undefined });
    await rig().append(run, { op: "retry", retry });
    await rig().finish(run);
    expect(await seen()).toEqual({ status: "idle", waits: undefined });
  });

  test("[D-12] a delta belongs to an open part of the running turn's session and message", async () => {
    const run = await rig().running();
    const stranger = await rig().running();
    const closed = await rig().part(run, textPart(placeOf(run), "done", { start: 1, end: 2 }));
    const theirs = await rig().part(stranger, textPart(placeOf(stranger), "", { start: 1 }));
    const open = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    expect(await refusalOf(rig().append(run, delta(closed, 4, "x")))).toBe("CONFLICT");
    expect(await refusalOf(rig().append(run, delta(theirs, 0, "x")))).toBe("NOT_FOUND");
    expect(await refusalOf(rig().append(run, delta(textPart(placeOf(run), ""), 0, "x")))).toBe("NOT_FOUND");
    const elsewhere = { ...open, messageId: run.message.info.id };
    expect(await refusalOf(rig().append(run, delta(elsewhere, 0, "x")))).toBe("CONFLICT");
    const mixed = { sessionId: run.session.id, turnId: stranger.turn.id, epoch: run.epoch };
    expect(await refusalOf(rig().store.appendProgress({ ...mixed, ops: [delta(open, 0, "x")] }))).toBe(
      "NOT_FOUND",
    );
  });

  test("[D-12] offsets and lengths count UTF-16 units", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "é😀", { start: 1 }));
    expect(await refusalOf(rig().append(run, delta(part, 2, "x")))).toBe("CONFLICT");
    await rig().append(run, delta(part, 3, "👩‍👩‍👧"));
    await rig().append(run, delta(part, 11, "字"));
    await rig().append(run, { op: "checkpoint", partId: part.id });
    await rig().append(run, delta(part, 12, "."));
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "é😀👩‍👩‍👧字." });
  });

  test("[D-12] neighbouring deltas of one command are one event, and other events part them", async () => {
    const run = await rig().running();
    const place = placeOf(run);
    const a = await rig().part(run, textPart(place, "", { start: 1 }));
    const b: Part = {
      id: newId("prt"),
      ...place,
      type: "reasoning",
      text: "",
      time: { start: 1 },
    } satisfies ReasoningPart;
    await rig().part(run, b);
    const from = rig().heard(run.session.id).length;
    await rig().append(
      run,
      delta(a, 0, "a"),
      delta(b, 0, "B"),
      delta(a, 1, "aa"),
      delta(b, 1, "BB"),
      { op: "turn", patch: { stalled: 1 } },
      delta(a, 3, "c"),
      delta(a, 4, "d"),
    );
    const told = rig().heard(run.session.id, from);
    expect(told.map((event) => event.type)).toEqual([
      "message.part.delta",
      "message.part.delta",
      "turn.updated",
      "message.part.delta",
    ]);
    expect(deltasOf(told).map(({ partId, offset, text }) => [partId, offset, text])).toEqual([
      [a.id, 0, "aaa"],
      [b.id, 0, "BBB"],
      [a.id, 3, "cd"],
    ]);
  });

  test("[D-4] joined deltas stay under the size of an event, whatever their text", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const piece = "\u0001".repeat(10_000);
    const ops = Array.from({ length: 12 }, (_, index) => delta(part, index * piece.length, piece));
    await rig().append(run, ...ops);
    const told = rig()
      .heard(run.session.id)
      .filter((event) => event.type === "message.part.delta");
    for (const event of told) expect(Buffer.byteLength(event.data)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: piece.repeat(12) });
  });

  test("[D-13] a part that was written again while another grows keeps nothing of its older deltas", async () => {
    const run = await rig().running();
    const other = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    const part = await rig().part(run, textPart(placeOf(run), "a", { start: 1 }));
    await rig().append(run, delta(part, 1, "bcdef"), delta(other, 0, "grows"));
    await rig().append(run, { op: "part", part: { ...part, text: "x" } });
    expect(await rig().store.getMessage(part.messageId)).toMatchObject({
      parts: [{ text: "grows" }, { text: "x" }],
    });
    await rig().append(run, delta(part, 1, "y"));
    expect(await rig().store.getMessage(part.messageId)).toMatchObject({
      parts: [{ text: "grows" }, { text: "xy" }],
    });
  });

  test("[D-13] a checkpoint has no event, changes no value, and counts only what came before it", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "one "));
    const seq = await rig().store.lastSeq(run.session.id);
    await rig().append(run, { op: "checkpoint", partId: part.id });
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    await rig().append(
      run,
      delta(part, 4, "two "),
      { op: "checkpoint", partId: part.id },
      delta(part, 8, "three"),
    );
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "one two three" });
    await rig().append(run, delta(part, 13, "!"));
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "one two three!" });
    await rig().reopen();
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "one two three!" });
  });

  test("[D-16] a tool's raw input and output stream into their own fields", async () => {
    const run = await rig().running();
    const tool = toolPart(placeOf(run), { status: "pending", input: {}, raw: "" });
    await rig().part(run, tool);
    await rig().append(run, delta(tool, 0, '{"a":', "raw"));
    await rig().append(run, delta(tool, 5, "1}", "raw"));
    const running = { status: "running", input: { a: 1 }, raw: '{"a":1}', time: { start: 1 } } as const;
    await rig().append(run, { op: "part", part: { ...tool, state: running } });
    await rig().append(run, delta(tool, 0, "line 1\n", "output"), delta(tool, 7, "line 2\n", "output"));
    await rig().append(run, { op: "checkpoint", partId: tool.id }, delta(tool, 14, "line 3\n", "output"));
    expect(await rig().store.getPart(tool.id)).toMatchObject({
      state: { status: "running", raw: '{"a":1}', output: "line 1\nline 2\nline 3\n" },
    });
  });

  test("[R-4.2] a part never changes its message, session or type, and has its turn's message", async () => {
    const run = await rig().running();
    const other = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "x", { start: 1 }));
    const wrong: Part[] = [
      { ...part, messageId: run.message.info.id },
      { ...part, sessionId: other.session.id },
      { id: part.id, ...placeOf(run), type: "reasoning", text: "x", time: { start: 1 } },
    ];
    for (const moved of wrong)
      expect(await refusalOf(rig().append(run, { op: "part", part: moved }))).toBe("CONFLICT");
    const asked = textPart({ sessionId: run.session.id, messageId: other.assistantMessageId }, "x");
    expect(await refusalOf(rig().append(run, { op: "part", part: asked }))).toBe("NOT_FOUND");
    expect(await rig().store.getPart(part.id)).toEqual({ ...part, ordinal: 0 });
  });

  test("[R-4.1] parts keep the place they were first written at", async () => {
    const run = await rig().running();
    const parts = Array.from({ length: 5 }, (_, index) => textPart(placeOf(run), `${index}`, { start: 1 }));
    await rig().append(run, ...parts.map((part) => ({ op: "part", part }) as const));
    for (const part of parts.toReversed()) {
      await rig().append(run, { op: "part", part: { ...part, ordinal: 99, time: { start: 1, end: 2 } } });
    }
    const stored = (await rig().store.getMessage(run.assistantMessageId))?.parts;
    expect(stored?.map(({ id, ordinal }) => [id, ordinal])).toEqual(
      parts.map(({ id }, index) => [id, index]),
    );
  });

  test("[D-15] the attempt that a part is marked with stays through deltas, the end and a restart", async () => {
    const run = await rig().running();
    const failed = { ...textPart(placeOf(run), "one", { start: 1 }), attempt: 1 };
    const again = { ...textPart(placeOf(run), "two", { start: 2 }), attempt: 2 };
    await rig().append(run, { op: "part", part: failed }, { op: "part", part: again });
    await rig().append(run, delta(failed, 3, "!"));
    await rig().finish(run);
    await rig().reopen();
    const parts = (await rig().store.getMessage(run.assistantMessageId))?.parts ?? [];
    const texts = parts.flatMap((part) => (part.type === "text" ? [[part.text, part.attempt]] : []));
    expect(texts).toEqual([
      ["one!", 1],
      ["two", 2],
    ]);
  });

  test("[R-11.2] one call id in two messages is two calls", async () => {
    const first = await rig().running();
    const call = { status: "pending", input: {}, raw: "" } as const;
    const a = { ...toolPart(placeOf(first), call), callId: "call_1" };
    await rig().part(first, a);
    await rig().finish(first);
    await rig().admit(first.session.id);
    const second = await rig().start(first.session.id);
    const b = { ...toolPart(placeOf(second), call), callId: "call_1" };
    await rig().part(second, b);
    expect(await rig().store.getPart(a.id)).toMatchObject({ state: { status: "error" } });
    expect(await rig().store.getPart(b.id)).toMatchObject({ state: { status: "pending" } });
  });

  test("[D-4] a part over the size of an event is named only, and read whole", async () => {
    const run = await rig().running();
    const part = textPart(placeOf(run), "字".repeat(MAX_EVENT_BYTES / 3), { start: 1, end: 2 });
    await rig().part(run, part);
    const named = { messageId: part.messageId, partId: part.id, tooLarge: true };
    const told = rig().heard(run.session.id).at(-1);
    expect(JSON.parse(told?.data ?? "")).toEqual(named);
    const replayed = (await replayAll(rig().store, run.session.id)).at(-1);
    expect(JSON.parse(replayed?.data ?? "")).toEqual(named);
    expect(await rig().store.getPart(part.id)).toEqual({ ...part, ordinal: 0 });
  });

  test("[R-5.3] a client that knew a prefix and a restarted server agree on the text", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "known "));
    const known = reduceAll(EMPTY_SESSION, rig().heard(run.session.id));
    await rig().append(run, delta(part, 6, "missed "), { op: "checkpoint", partId: part.id });
    await rig().reopen();
    await rig().append(run, delta(part, 13, "new"));
    const resumed = reduceAll(known, await replayAll(rig().store, run.session.id, known.lastSeq));
    expect(resumed.messages.at(-1)?.parts).toEqual([{ ...part, ordinal: 0, text: "known missed new" }]);
    expect(resumed.needs).toEqual({});
  });
});
