import { newId } from "@holdfast/kernel";
import type { AssistantMessage, Message, MessageId, Part } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { StartedTurn } from "../../src/store/index.ts";
import { refusalOf, refusalsOf } from "./refusal.ts";
import { keyed, OWNER, placeOf, type StoreRig, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

async function settled(
  rig: StoreRig,
): Promise<{ asked: Message; answer: Message & { info: AssistantMessage } }> {
  const sessionId = await rig.session();
  await rig.exchange(sessionId);
  const [asked, answer] = await rig.history(sessionId);
  if (asked === undefined || answer?.info.role !== "assistant") throw new Error("No exchange.");
  return { asked, answer: { info: answer.info, parts: answer.parts } };
}

export const editsTopic = topic("edits of what is settled", (rig) => {
  test("[D-1] changing and removing messages and parts tells of every row that looks different now", async () => {
    const { asked, answer } = await settled(rig());
    const [text, finish] = answer.parts;
    if (text?.type !== "text" || finish === undefined) throw new Error("No text.");
    const changed = await rig().store.updatePart({ part: { ...text, text: "better" }, actor: OWNER });
    expect(changed).toEqual({ value: { ...text, text: "better" }, replayed: false });
    await rig().store.removePart({ partId: finish.id, actor: OWNER });
    const info = { ...answer.info, metadata: { starred: true } };
    const updated = await rig().store.updateMessage({ messageId: info.id, message: info, actor: OWNER });
    expect(updated.value).toEqual({ info, parts: [{ ...text, text: "better" }] });
    await rig().store.removeMessage({ messageId: info.id, actor: OWNER });
    expect(await rig().store.getMessage(info.id)).toBeUndefined();
    const turn = await rig().store.getTurn(info.turnId);
    expect(turn).toMatchObject({ state: "completed", assistantMessageIds: [] });
    expect(await rig().history(asked.info.sessionId)).toEqual([asked]);
  });

  test("[D-1] changing what was asked changes the input that shows it", async () => {
    const sessionId = await rig().session();
    const { input, message } = await rig().admit(sessionId, "teh");
    const part = message.parts[0];
    if (part?.type !== "text") throw new Error("No text.");
    await rig().store.updatePart({ part: { ...part, text: "the" }, actor: OWNER });
    expect((await rig().store.getInput(input.id))?.parts).toEqual([{ type: "text", text: "the" }]);
    await rig().store.removePart({ partId: part.id, actor: OWNER });
    expect((await rig().store.getInput(input.id))?.parts).toEqual([]);
  });

  test("[D-5] a repeated edit is not applied over what came after it", async () => {
    const { answer } = await settled(rig());
    const part = answer.parts[0];
    if (part?.type !== "text") throw new Error("No text.");
    const first = { part: { ...part, text: "one" }, actor: OWNER, idempotency: keyed(newId("act")) };
    await rig().store.updatePart(first);
    await rig().store.updatePart({ part: { ...part, text: "two" }, actor: OWNER });
    expect(await rig().store.updatePart(first)).toEqual({ value: { ...part, text: "two" }, replayed: true });
    const message = { ...answer.info, finish: "edited" };
    const edit = { messageId: message.id, message, actor: OWNER, idempotency: keyed(newId("act")) };
    await rig().store.updateMessage(edit);
    await rig().store.updateMessage({ messageId: message.id, message: answer.info, actor: OWNER });
    const again = await rig().store.updateMessage(edit);
    expect(again).toMatchObject({ replayed: true, value: { info: { finish: answer.info.finish } } });
  });

  test("[D-17] what a turn still writes is its own until it has ended", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "x", { start: 1 }));
    const messageId = run.assistantMessageId;
    const { info: message } = (await rig().store.getMessage(messageId)) as Message;
    const edits = () => [
      rig().store.updatePart({ part, actor: OWNER }),
      rig().store.removePart({ partId: part.id, actor: OWNER }),
      rig().store.updateMessage({ messageId, message, actor: OWNER }),
      rig().store.removeMessage({ messageId, actor: OWNER }),
    ];
    expect(new Set(await refusalsOf(edits()))).toEqual(new Set(["SESSION_BUSY"]));
    await rig().begin(run);
    expect(new Set(await refusalsOf(edits()))).toEqual(new Set(["SESSION_BUSY"]));
    await rig().finalize(run);
    await rig().store.removeMessage({ messageId, actor: OWNER });
  });

  test("[R-4.2] an edit changes no identity, and what a turn was asked is not removed", async () => {
    const { asked, answer } = await settled(rig());
    const part = answer.parts[0];
    if (part?.type !== "text") throw new Error("No text.");
    const moved = { ...part, messageId: asked.info.id };
    expect(await refusalOf(rig().store.updatePart({ part: moved, actor: OWNER }))).toBe("CONFLICT");
    const retyped = { ...part, type: "reasoning", time: { start: 1 } } as const;
    expect(await refusalOf(rig().store.updatePart({ part: retyped, actor: OWNER }))).toBe("CONFLICT");
    const swapped = { messageId: answer.info.id, message: asked.info, actor: OWNER };
    expect(await refusalOf(rig().store.updateMessage(swapped))).toBe("CONFLICT");
    const remove = (messageId: MessageId) => rig().store.removeMessage({ messageId, actor: OWNER });
    expect(await refusalOf(remove(asked.info.id))).toBe("CONFLICT");
    expect(await refusalOf(remove(newId("msg")))).toBe("NOT_FOUND");
    expect(await refusalOf(rig().store.removePart({ partId: newId("prt"), actor: OWNER }))).toBe("NOT_FOUND");
  });

  test("[R-14.4] a call that completed keeps its output and says since when its agent's model has it no more, once", async () => {
    const sessionId = await rig().session();
    await rig().admit(sessionId);
    const run = await rig().start(sessionId);
    const call = await rig().part(run, calledAt(run, { start: 1, end: 2 }));
    const text = await rig().part(run, textPart(placeOf(run), "x", { start: 1, end: 2 }));
    const clear = (part: Part, time: number) =>
      rig().store.clearOutput({ partId: part.id, time, actor: OWNER });
    await clear(text, 3);
    expect(await rig().store.getPart(text.id)).toMatchObject(text);
    await clear(call, 4);
    await rig().finish(run);
    const before = await rig().store.lastSeq(sessionId);
    await clear(call, 5);
    expect(await rig().store.lastSeq(sessionId)).toBe(before);
    if (call.type !== "tool" || call.state.status !== "completed") throw new Error("No call.");
    const state = { ...call.state, time: { start: 1, end: 2, compacted: 4 } };
    expect(await rig().store.getPart(call.id)).toMatchObject({ ...call, state });
    expect(await refusalOf(clear({ ...call, id: newId("prt") }, 6))).toBe("NOT_FOUND");
  });

  test("[R-14.4] a part that a running turn's agent took back is gone and told of, and its id is free for a new one", async () => {
    const run = await rig().running();
    const place = placeOf(run);
    const part = await rig().part(run, textPart(place, "said", { start: 1 }));
    const kept = await rig().part(run, textPart(place, "kept", { start: 1 }));
    await rig().append(run, { op: "removePart", partId: part.id });
    expect(await rig().store.getPart(part.id)).toBeUndefined();
    expect((await rig().store.getMessage(run.assistantMessageId))?.parts.map(({ id }) => id)).toEqual([
      kept.id,
    ]);
    const { events } = await rig().store.replaySession({ sessionId: run.session.id, after: 0, limit: 100 });
    expect(events.map(({ type, data }) => (type === "message.part.removed" ? data : undefined))).toContain(
      JSON.stringify({ messageId: part.messageId, partId: part.id }),
    );
    const again = rig().append(run, { op: "removePart", partId: part.id });
    expect(await refusalOf(again)).toBe("NOT_FOUND");
    const next = await rig().part(run, textPart(place, "next", { start: 1 }));
    const delta = {
      messageId: next.messageId,
      partId: next.id,
      field: "text",
      offset: 4,
      text: " one",
    } as const;
    await rig().append(run, { op: "delta", ...delta });
    expect(await rig().store.getPart(next.id)).toMatchObject({ text: "next one" });
    const other = await rig().running();
    const foreign = rig().append(other, { op: "removePart", partId: kept.id });
    expect(await refusalOf(foreign)).toBe("NOT_FOUND");
  });

  test("[R-4.3] an edit neither sets nor changes nor clears what Holdfast alone says", async () => {
    const sessionId = await rig().session();
    await rig().admit(sessionId);
    const run = await rig().start(sessionId);
    const call = await rig().part(run, calledAt(run, { start: 1, end: 2, compacted: 3 }));
    const other = await rig().part(run, calledAt(run, { start: 1, end: 2 }));
    await rig().finish(run);
    const [asked, answer] = await rig().history(sessionId);
    if (asked?.info.role !== "user" || answer?.info.role !== "assistant") throw new Error("No exchange.");
    const info = answer.info;
    const message = (edited: Message["info"]) =>
      rig().store.updateMessage({ messageId: edited.id, message: edited, actor: OWNER });
    const part = (edited: Part) => rig().store.updatePart({ part: edited, actor: OWNER });
    const timed = (was: Part, time: { start: number; end: number; compacted?: number }): Part =>
      was.type === "tool" && was.state.status === "completed"
        ? { ...was, state: { ...was.state, time } }
        : was;
    const refused = [
      ["structured", message({ ...info, structured: { forged: true } })],
      ["summary", message({ ...info, summary: true })],
      ["summary", message({ ...asked.info, summary: {} })],
      ["state.time.compacted", part(timed(other, { start: 1, end: 2, compacted: 3 }))],
      ["state.time.compacted", part(timed(call, { start: 1, end: 2, compacted: 4 }))],
      ["state.time.compacted", part(timed(call, { start: 1, end: 2 }))],
    ] as const;
    for (const [path, edit] of refused)
      await expect(edit, path).rejects.toMatchObject({ code: "UNPROCESSABLE", issues: [{ path }] });
    await message({ ...info, metadata: { starred: true } });
    expect((await part(timed(call, { start: 1, end: 9, compacted: 3 }))).value).toMatchObject({
      state: { time: { start: 1, end: 9, compacted: 3 } },
    });
  });
});

const calledAt = (run: StartedTurn, time: { start: number; end: number; compacted?: number }) =>
  toolPart(placeOf(run), {
    status: "completed",
    input: {},
    raw: "{}",
    output: "",
    title: "",
    metadata: {},
    time,
  });
