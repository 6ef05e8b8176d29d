import { EMPTY_SESSION } from "@holdfast/client";
import { newId } from "@holdfast/kernel";
import type { Delta, SessionId, TextPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { CommittedEvent, FeedPosition } from "../../src/store/index.ts";
import { asStored, meetNeeds, readStored, reduceAll, replayAll, replayOnto } from "./reduction.ts";
import { refusalOf } from "./refusal.ts";
import { delta, OWNER, placeOf, stepOp, type StoreRig, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

/** A session that met most of what can happen; its last turn still streams. */
async function busySession(rig: StoreRig): Promise<SessionId> {
  const sessionId = await rig.session();
  await rig.exchange(sessionId, "first answer");
  const edited = await rig.admit(sessionId, "to be edited");
  const dropped = await rig.admit(sessionId, "to be dropped");
  const place = { sessionId, messageId: edited.input.messageId };
  await rig.store.editInput({ inputId: edited.input.id, parts: [textPart(place, "edited")], actor: OWNER });
  await rig.store.removeInput({ inputId: dropped.input.id, actor: OWNER });
  const run = await rig.start(sessionId);
  const text = await rig.part(run, textPart(placeOf(run), "", { start: 1 }));
  for (const [index, word] of ["alpha ", "beta ", "gamma "].entries()) {
    await rig.append(run, delta(text, index * 6 - (index > 1 ? 1 : 0), word));
    if (index === 1) await rig.append(run, { op: "checkpoint", partId: text.id });
  }
  const request = await rig.ask(run);
  await rig.store.replyPermission({ permissionId: request.id, reply: "once", actor: OWNER });
  const question = await rig.question(run);
  const answer = { action: "accept", content: { port: 80 } } as const;
  await rig.store.replyQuestion({ questionId: question.id, answer, actor: OWNER });
  const tool = toolPart(placeOf(run), { status: "running", input: {}, raw: "{}", time: { start: 1 } });
  await rig.part(run, tool);
  await rig.append(run, delta(tool, 0, "out", "output"), { op: "todos", todos: [] });
  await rig.ask(run);
  const step = stepOp(run);
  const told = { finish: "tool-calls", tokens: { input: 3 }, cost: 0.5 };
  await rig.append(run, { op: "answer", messageId: run.assistantMessageId, patch: told }, step.op, {
    op: "part",
    part: textPart(step.place, "second step", { start: 1, end: 2 }),
  });
  await rig.question(run);
  await rig.finish(run, { state: "completed", usage: { tokens: { input: 1 } } });
  await rig.store.patchSession({ sessionId, patch: { title: "Renamed" }, actor: OWNER });
  await rig.admit(sessionId, "again");
  const last = await rig.start(sessionId);
  const open = await rig.part(last, textPart(placeOf(last), "", { start: 1 }));
  await rig.append(last, delta(open, 0, "still "), { op: "checkpoint", partId: open.id });
  await rig.append(last, delta(open, 6, "coming"));
  await rig.question(last);
  await rig.admit(sessionId, "waits");
  return sessionId;
}

const dataOf = <T>(event: CommittedEvent): T => JSON.parse(event.data) as T;

export const replayTopic = topic("replay and feeds", (rig) => {
  test("[D-4] a replay from every cursor, continued, gives the state of the rows", async () => {
    const sessionId = await busySession(rig());
    const stored = await readStored(rig().store, sessionId);
    const heard = rig().heard(sessionId);
    for (let after = 0; after <= heard.length; after += 1) {
      const known = reduceAll(EMPTY_SESSION, heard.slice(0, after));
      const state = await replayOnto(rig().store, sessionId, known);
      expect(asStored(await meetNeeds(rig().store, state)), `after ${after}`).toEqual(stored);
      expect(state.lastSeq).toBe(heard.length);
    }
  });

  test("[D-22] pages of any size make the same replay", async () => {
    const sessionId = await busySession(rig());
    const whole = await replayAll(rig().store, sessionId, 0, 10_000);
    for (const limit of [1, 2, 7, whole.length])
      expect(await replayAll(rig().store, sessionId, 0, limit)).toEqual(whole);
    const last = (await rig().store.lastSeq(sessionId)) ?? 0;
    const end = await rig().store.replaySession({ sessionId, after: last, limit: 10 });
    expect(end).toEqual({ events: [], through: last, done: true });
  });

  test("[D-4, R-15.1] a replay has of each row its newest entry only, with the row as it is now", async () => {
    const sessionId = await rig().session();
    const turn = await rig().exchange(sessionId);
    const replayed = await replayAll(rig().store, sessionId);
    expect(replayed.length).toBeLessThan(rig().heard(sessionId).length);
    const turns = replayed.filter((event) => event.type.startsWith("turn."));
    expect(turns).toMatchObject([{ type: "turn.completed", turnId: turn.id }]);
    expect(dataOf<{ turn: unknown }>(turns[0] as CommittedEvent).turn).toEqual(turn);
    const sessions = replayed.filter((event) => /^session\.(created|updated)$/.test(event.type));
    expect(sessions).toHaveLength(1);
    const seqs = replayed.map((event) => event.seq ?? 0);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  test("[D-4] envelopes of a replay are those that live subscribers heard", async () => {
    const sessionId = await busySession(rig());
    const heard = new Map(
      rig()
        .heard(sessionId)
        .map((event) => [event.seq, event]),
    );
    for (const event of await replayAll(rig().store, sessionId)) {
      const { data: _now, ...envelope } = event;
      const { data: _then, ...live } = heard.get(event.seq) as CommittedEvent;
      expect(envelope).toEqual(live);
    }
  });

  test("[D-4] deltas that a rewritten part covers are passed over, those of an open part are sent", async () => {
    const run = await rig().running();
    const closed = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(closed, 0, "gone"));
    const whole: TextPart = { ...closed, text: "gone", time: { start: 1, end: 2 } };
    await rig().part(run, whole);
    const open = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(open, 0, "kept "));
    await rig().append(run, { op: "checkpoint", partId: open.id });
    await rig().append(run, delta(open, 5, "too"));
    const replayed = await replayAll(rig().store, run.session.id);
    const deltas = replayed.filter((event) => event.type === "message.part.delta").map(dataOf<Delta>);
    expect(deltas.map(({ partId, offset, text }) => [partId, offset, text])).toEqual([
      [open.id, 0, "kept "],
      [open.id, 5, "too"],
    ]);
    const parts = replayed
      .filter((event) => event.type === "message.part.updated")
      .map((event) => dataOf<{ part: { id: string; text: string } }>(event).part);
    expect(parts.find((part) => part.id === open.id)?.text).toBe("kept too");
    expect(parts.filter((part) => part.id === closed.id)).toHaveLength(1);
  });

  test("[D-4] entries of rows that are gone are skipped, and their removal is told", async () => {
    const sessionId = await rig().session();
    const turn = await rig().exchange(sessionId);
    const messageId = turn.assistantMessageIds[0];
    if (messageId === undefined) throw new Error("The turn has no answer.");
    await rig().store.removeMessage({ messageId, actor: OWNER });
    const about = (await replayAll(rig().store, sessionId)).filter((event) => event.data.includes(messageId));
    expect(about.map((event) => event.type)).toEqual([
      "step.started",
      "step.finished",
      "message.part.removed",
      "message.part.removed",
      "message.removed",
    ]);
  });

  test("[D-3] the feed of everything has each commit after a cursor, and a workspace's feed its own", async () => {
    const from = await rig().store.lastPosition();
    const run = await rig().running();
    const other = await rig().running();
    await rig().finish(run);
    await rig().finish(other);
    const all = await feed(rig(), from, {});
    expectOrder(rig(), all);
    expect(all.at(-1)?.position).toEqual(await rig().store.lastPosition());
    const { workspaceId } = run.session;
    const own = await feed(rig(), from, { workspaceId });
    expect(own).toEqual(all.filter((event) => event.workspaceId === workspaceId));
    expect(own.map((event) => event.type)).toEqual(
      expect.arrayContaining(["project.updated", "workspace.updated", "turn.completed"]),
    );
    expect(own.some((event) => event.sessionId === other.session.id)).toBe(false);
    const isOther = ({ type }: CommittedEvent) => !/^(message|step)\./.test(type);
    expect(await feed(rig(), from, { messages: false })).toEqual(all.filter(isOther));
    expect(await feed(rig(), from, { workspaceId, messages: false })).toEqual(own.filter(isOther));
    expect(own.every(isOther)).toBe(false);
  });

  test("[D-2] subscribers hear committed events in commit order, before the command answers", async () => {
    const sessionId = await rig().session();
    const seqs: number[] = [];
    const stop = rig().store.onCommit((events) => {
      for (const event of events) if (event.sessionId === sessionId) seqs.push(event.seq ?? 0);
    });
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const { turn } = await rig().admit(sessionId);
        const told = rig()
          .heard(sessionId)
          .some((event) => event.turnId === turn.id);
        expect(told, "the admission was told before it was answered").toBe(true);
      }),
    );
    stop();
    const told = seqs.length;
    await rig().admit(sessionId);
    expect(seqs).toHaveLength(told);
    expect(seqs).toEqual(Array.from({ length: told }, (_, index) => index + 2));
    expectOrder(rig(), rig().events);
  });

  test("[D-23] a position can be written down and read back, and no other text is taken for one", async () => {
    const { feedOrder } = rig().store;
    expect(feedOrder.isAfter(feedOrder.start, feedOrder.start)).toBe(false);
    await rig().running();
    for (const { position } of rig().events) {
      const text = feedOrder.format(position);
      expect(text).toMatch(/^[\w-]{1,64}$/);
      expect(feedOrder.parse(text)).toEqual(position);
      expect(feedOrder.isAfter(position, feedOrder.start)).toBe(true);
    }
    for (const text of ["", "-1", "x", "1.5", " 1", "9".repeat(17)])
      expect(feedOrder.parse(text), text).toBeUndefined();
  });

  test("[D-2] a refused command tells nothing", async () => {
    const run = await rig().running();
    const before = rig().events.length;
    const checkpoint = { op: "checkpoint", partId: newId("prt") } as const;
    expect(await refusalOf(rig().append(run, { op: "title", title: "x" }, checkpoint))).toBe("NOT_FOUND");
    expect(rig().events).toHaveLength(before);
    expect((await rig().readSession(run.session.id)).title).not.toBe("x");
  });

  test("[D-36] every event names the actor of its command, and what was made keeps it", async () => {
    const sessionId = await rig().session();
    const actor = { id: "ref_1", kind: "ref", label: "A guest" } as const;
    const { input, turn } = await rig().admit(sessionId, "x", { actor });
    expect([input.actor, turn.actor]).toEqual([actor, actor]);
    const guest = rig()
      .heard(sessionId)
      .filter((event) => event.turnId === turn.id);
    for (const event of guest) expect(event.actor).toEqual(actor);
    expect(guest.length).toBeGreaterThan(3);
  });
});

/** Each stands behind the one before it in the feed of everything. */
function expectOrder({ store }: StoreRig, events: readonly CommittedEvent[]): void {
  for (const [index, { position }] of events.entries()) {
    const before = events[index - 1]?.position ?? store.feedOrder.start;
    expect(store.feedOrder.isAfter(position, before) && !store.feedOrder.isAfter(before, position)).toBe(
      true,
    );
  }
}

async function feed(
  rig: StoreRig,
  from: FeedPosition,
  query: Omit<Parameters<StoreRig["store"]["replayFeed"]>[0], "after" | "limit">,
): Promise<CommittedEvent[]> {
  const events: CommittedEvent[] = [];
  for (let after = from; ;) {
    const page = await rig.store.replayFeed({ ...query, after, limit: 9 });
    events.push(...page.events);
    if (page.done) return events;
    after = page.through;
  }
}
