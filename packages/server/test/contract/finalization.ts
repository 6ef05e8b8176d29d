import { newId } from "@holdfast/kernel";
import type { AssistantMessage, Part, Usage, UserMessage } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { StartedTurn, TerminalRecord } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { delta, OWNER, placeOf, stepOp, type StoreRig, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

const ABORTED: TerminalRecord = {
  state: "aborted",
  reason: "interrupted",
  error: { name: "MessageAbortedError", data: { message: "Interrupted." } },
};
const FAILED: TerminalRecord = {
  state: "failed",
  reason: "crashed",
  error: { name: "UnknownError", data: { message: "It broke." } },
};

async function answerOf(rig: StoreRig, run: StartedTurn): Promise<{ info: AssistantMessage; parts: Part[] }> {
  const message = await rig.store.getMessage(run.assistantMessageId);
  if (message?.info.role !== "assistant") throw new Error("The turn has no answer.");
  return { info: message.info, parts: message.parts };
}

export const finalizationTopic = topic("finalization", (rig) => {
  test("[D-7] finalizing twice returns the first result and says nothing more", async () => {
    const run = await rig().running();
    const first = await rig().finish(run, FAILED);
    const seq = await rig().store.lastSeq(run.session.id);
    expect(await rig().finalize(run)).toEqual(first);
    expect(await rig().begin(run, { state: "completed" })).toEqual(FAILED);
    expect(await rig().finalize({ ...run, epoch: run.epoch + 7 })).toEqual(first);
    await rig().reopen();
    expect(await rig().finalize(run)).toEqual(first);
    expect(await rig().turn(run)).toEqual(first);
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
  });

  test("[D-7] of finalizations at once the first record wins and all answer the same", async () => {
    const run = await rig().running();
    const records = await Promise.all([
      rig().begin(run, FAILED),
      rig().begin(run, ABORTED),
      rig().begin(run, { state: "completed" }),
    ]);
    expect(new Set(records.map((record) => JSON.stringify(record))).size).toBe(1);
    const turns = await Promise.all(Array.from({ length: 5 }, () => rig().finalize(run)));
    for (const turn of turns) expect(turn).toEqual(turns[0]);
    expect(turns[0]?.state).toBe(records[0]?.state);
    const ends = rig()
      .heard(run.session.id)
      .filter((event) => /^turn\.(completed|failed|aborted)$/.test(event.type));
    expect(ends).toHaveLength(1);
  });

  test("[D-10] a recorded cancel decides how the turn ends, whoever ends it", async () => {
    for (const record of [FAILED, { state: "completed", finish: "stop" } as const]) {
      const run = await rig().running();
      await rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER });
      expect(await rig().begin(run, record)).toMatchObject({ state: "aborted", reason: "cancelled" });
      const turn = await rig().finalize(run);
      expect(turn).toMatchObject({
        state: "aborted",
        reason: "cancelled",
        error: { name: "MessageAbortedError" },
      });
      expect((await answerOf(rig(), run)).info.error?.name).toBe("MessageAbortedError");
    }
    const late = await rig().running();
    await rig().begin(late);
    await rig().store.cancelTurn({ turnId: late.turn.id, actor: OWNER });
    expect((await rig().finalize(late)).state).toBe("completed");
  });

  test("[D-8] [R-1.5] answer and turn have an end in all three endings, and an error in two", async () => {
    for (const record of [{ state: "completed", finish: "stop" } as const, FAILED, ABORTED]) {
      const run = await rig().running();
      const turn = await rig().finish(run, record);
      expect(turn).toMatchObject(record);
      expect(turn.time.ended).toBeTypeOf("number");
      const { info } = await answerOf(rig(), run);
      expect(info.time.completed).toBe(turn.time.ended);
      expect(info.error).toEqual("error" in record ? record.error : undefined);
      expect(turn.error).toEqual("error" in record ? record.error : undefined);
    }
  });

  test("[D-9] a turn that said nothing leaves no answer without an end", async () => {
    const run = await rig().running();
    await rig().finish(run, ABORTED);
    const { info, parts } = await answerOf(rig(), run);
    expect(info.time.completed).toBeTypeOf("number");
    expect(parts.map((part) => part.type)).toEqual(["step-finish"]);
  });

  test("[D-16] open text and reasoning are closed, calls settled, and what they had said is kept", async () => {
    const run = await rig().running();
    const place = placeOf(run);
    const text = textPart(place, "half ", { start: 5 });
    const reasoning: Part = { id: newId("prt"), ...place, type: "reasoning", text: "", time: { start: 6 } };
    const pending = toolPart(place, { status: "pending", input: {}, raw: "" });
    const running = toolPart(place, {
      status: "running",
      input: { command: "make" },
      raw: "{}",
      title: "make",
      metadata: { pid: 7 },
      time: { start: 8 },
    });
    const done = toolPart(place, {
      status: "completed",
      input: {},
      raw: "",
      output: "ok",
      title: "t",
      metadata: {},
      time: { start: 1, end: 2 },
    });
    const parts = [text, reasoning, pending, running, done];
    await rig().append(run, ...parts.map((part) => ({ op: "part", part }) as const));
    await rig().append(
      run,
      delta(text, 5, "a sentence"),
      delta(reasoning, 0, "thinking"),
      delta(pending, 0, '{"pa', "raw"),
      delta(running, 0, "compiling", "output"),
    );
    const turn = await rig().finish(run, ABORTED);
    const end = turn.time.ended;
    const stored = (await answerOf(rig(), run)).parts;
    expect(stored).toMatchObject([
      { text: "half a sentence", time: { start: 5, end } },
      { text: "thinking", time: { start: 6, end } },
      { state: { status: "error", raw: '{"pa', metadata: { interrupted: true }, time: { end } } },
      {
        state: {
          status: "error",
          input: { command: "make" },
          title: "make",
          output: "compiling",
          metadata: { pid: 7, interrupted: true },
          time: { start: 8, end },
        },
      },
      { state: done.state },
      { type: "step-finish", reason: "interrupted" },
    ]);
    expect(await refusalOf(rig().append(run, delta(text, 15, "late")))).toBe("CONFLICT");
  });

  test("[A-19] requests of the turn expire, answered ones stay", async () => {
    const run = await rig().running();
    const answered = await rig().ask(run);
    await rig().store.replyPermission({ permissionId: answered.id, reply: "once", actor: OWNER });
    const open = await rig().ask(run);
    await rig().finish(run);
    expect((await rig().store.getPermission(answered.id))?.state).toBe("replied");
    const expired = await rig().store.getPermission(open.id);
    expect(expired?.state).toBe("expired");
    expect(expired?.time.ended).toBeTypeOf("number");
    expect(await rig().readSession(run.session.id)).toMatchObject({ status: "idle", attention: "none" });
  });

  test("[D-7] the terminal event is the last of its finalization", async () => {
    const run = await rig().running();
    await rig().part(run, textPart(placeOf(run), "x", { start: 1 }));
    await rig().ask(run);
    await rig().begin(run);
    const from = rig().heard(run.session.id).length;
    await rig().finalize(run);
    const types = rig()
      .heard(run.session.id, from)
      .map((event) => event.type);
    expect(types.at(-1)).toBe("turn.completed");
    for (const type of [
      "message.part.updated",
      "message.updated",
      "step.finished",
      "permission.expired",
      "session.status",
    ])
      expect(types).toContain(type);
    expect(types.filter((type) => type === "turn.completed")).toHaveLength(1);
  });

  test("[A-21] usage goes to answer, turn, agent session and session; what was not reported makes totals partial", async () => {
    const sessionId = await rig().session();
    const usage: Usage = {
      tokens: { input: 10, output: 5, cache: { read: 2, write: 1 } },
      cost: 0.5,
      scope: "turn",
    };
    for (const reported of [usage, undefined, usage]) {
      await rig().admit(sessionId);
      const run = await rig().start(sessionId);
      const record: TerminalRecord = { state: "completed", usage: reported, agentSession: "idle" };
      const turn = await rig().finish(run, record);
      expect(turn.usage).toEqual(reported ?? {});
      const { info, parts } = await answerOf(rig(), run);
      expect(info.tokens).toEqual(reported?.tokens);
      expect(info.cost).toEqual(reported?.cost);
      expect(parts.at(-1)).toMatchObject({
        type: "step-finish",
        ...(reported && { tokens: reported.tokens }),
      });
    }
    const total = {
      tokens: { input: 20, output: 10, cache: { read: 4, write: 2 } },
      cost: 1,
      scope: "turn",
      partial: true,
    };
    expect((await rig().readSession(sessionId)).usage).toEqual(total);
    const { items } = await rig().store.listAgentSessions(sessionId);
    expect(items).toMatchObject([{ usage: total, status: "idle" }]);
  });

  test("[A-21] usage that a running turn reported counts when the record brings none", async () => {
    const run = await rig().running();
    await rig().append(run, { op: "turn", patch: { usage: { tokens: { input: 3 } } } });
    expect((await rig().finish(run)).usage).toEqual({ tokens: { input: 3 } });
    expect((await rig().readSession(run.session.id)).usage).toEqual({ tokens: { input: 3 } });
  });

  test("[R-1.7] what was asked says what became of it: its first line, the last text, and what changed", async () => {
    const sessionId = await rig().session();
    const summaryOf = async (run: StartedTurn) =>
      (await rig().store.getMessage(run.message.info.id))?.info.summary;
    await rig().admit(sessionId, `\n  ${"word ".repeat(40)}\nand more`);
    const run = await rig().start(sessionId);
    await rig().part(run, textPart(placeOf(run), "first", { start: 1, end: 2 }));
    const step = stepOp(run);
    await rig().append(run, step.op);
    await rig().part(run, textPart(step.place, "\u{1f600}".repeat(600), { start: 1 }));
    const totals = { files: 2, additions: 30, deletions: 4 };
    const files = { partId: newId("prt"), hash: "a", snapshot: "b", files: ["/a", "/b"], more: 0, totals };
    await rig().finish(run, { state: "completed", files });
    const summary = await summaryOf(run);
    expect(summary).toMatchObject({ totals });
    expect(summary).toHaveProperty("title", `${"word ".repeat(40).slice(0, 97)}...`);
    expect(summary).toHaveProperty("body", `${"\u{1f600}".repeat(497)}...`);
    const told = rig()
      .heard(sessionId)
      .findLast(({ type, data }) => type === "message.updated" && data.includes('"role":"user"'));
    expect(JSON.parse(told?.data ?? "{}")).toMatchObject({ message: { summary } });
    const place = { sessionId, messageId: newId("msg") };
    const silent = {
      messageId: place.messageId,
      parts: [{ ...textPart(place, "machine"), synthetic: true }],
    };
    await rig().admit(sessionId, "", silent);
    const quiet = await rig().start(sessionId);
    await rig().finish(quiet, ABORTED);
    expect(await summaryOf(quiet)).toBeUndefined();
  });

  test("[R-2.1, D-36] what the server tells on the way is the newest message of the session, by its own actor; the next step answers it, and the last one carries the result", async () => {
    const run = await rig().running();
    const { id, sessionId, turnId, agent } = run.message.info as UserMessage;
    const message: UserMessage = {
      id: newId("msg"),
      sessionId,
      turnId,
      role: "user",
      agent,
      time: { created: 1 },
    };
    const part = textPart({ sessionId, messageId: message.id }, "again", { start: 1, end: 1 });
    const { op, place } = stepOp(run);
    const asked = { modelId: "asked" };
    const patch = { model: { modelId: "ran" }, askedModel: asked, metadata: { validation: { try: 1 } } };
    const from = await rig().store.lastSeq(sessionId);
    await rig().append(
      run,
      { op: "answer", messageId: run.assistantMessageId, patch },
      { op: "tell", message, parts: [part] },
      { ...op, next: { ...op.next, parentId: message.id } },
    );
    await rig().append(run, { op: "answer", messageId: place.messageId, patch: { askedModel: null } });
    const told = rig()
      .heard(sessionId, from)
      .filter(({ data }) => data.includes(message.id));
    expect(told.slice(0, 2).map(({ type, actor }) => [type, actor?.kind])).toEqual([
      ["message.part.updated", "system"],
      ["message.updated", "system"],
    ]);
    await rig().finish(run, { state: "completed", answer: { structured: { yes: 1 } } });
    const messages = await rig().store.messagesOfTurn(turnId);
    expect(messages.map(({ info }) => [info.id, info.ordinal])).toEqual([
      [id, 0],
      [run.assistantMessageId, 1],
      [message.id, 2],
      [place.messageId, 3],
    ]);
    const [, first, second, third] = messages;
    expect(second?.parts).toMatchObject([{ id: part.id, ordinal: 0 }]);
    expect(first?.info).toMatchObject(patch);
    expect(first?.info).not.toHaveProperty("structured");
    expect(third?.info).toMatchObject({
      parentId: message.id,
      model: { modelId: "ran" },
      structured: { yes: 1 },
    });
    expect(third?.info).not.toHaveProperty("askedModel");
    expect(third?.info).not.toHaveProperty("metadata");
    const other = await rig().running();
    expect(await refusalOf(rig().append(other, { op: "tell", message, parts: [] }))).toBe("CONFLICT");
  });

  test("[D-10] a cancel that is on record leaves no result on the answer", async () => {
    const run = await rig().running();
    await rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER });
    await rig().finish(run, { state: "completed", answer: { structured: 1 } });
    expect((await answerOf(rig(), run)).info).not.toHaveProperty("structured");
  });

  test("[D-9] only the last open answer gets the step-finish, and an answer that ended is left alone", async () => {
    const run = await rig().running();
    await rig().append(run, stepOp(run).op);
    const ended = await answerOf(rig(), run);
    const turn = await rig().finish(run, FAILED);
    expect(await answerOf(rig(), run)).toEqual(ended);
    const last = (await rig().history(run.session.id)).at(-1);
    expect(last?.info).toMatchObject({ id: turn.assistantMessageIds[1], error: FAILED.error });
    expect(last?.parts.map(({ type }) => type)).toEqual(["step-start", "step-finish"]);
  });
});
