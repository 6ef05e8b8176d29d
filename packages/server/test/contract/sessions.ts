import { newId } from "@holdfast/kernel";
import type { Session, SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { FeedPosition, ProgressOp } from "../../src/store/index.ts";
import { replayAll } from "./reduction.ts";
import { refusalOf } from "./refusal.ts";
import { COMPLETED, keyed, OWNER, type StoreRig, SYSTEM, textPart, placeOf } from "./rig.ts";
import { topic } from "./topic.ts";

const DAY = 86_400_000;

export const sessionsTopic = topic("sessions", (rig) => {
  test("[D-1] creating a session stores it whole with its event", async () => {
    const model = { modelId: "big", providerId: "maker", variant: "high" };
    const { value, replayed } = await rig().create({ title: "Fix it", model, approvalMode: "edits" });
    expect(replayed).toBe(false);
    expect(value).toMatchObject({
      title: "Fix it",
      agent: "rehearsal",
      model,
      approvalMode: "edits",
      resumePolicy: "manual",
      status: "idle",
      attention: "none",
      queue: { length: 0, paused: false },
      usage: {},
      lastSeq: 1,
    });
    expect(await rig().readSession(value.id)).toEqual(value);
    expect(rig().heard(value.id)).toMatchObject([{ type: "session.created", seq: 1, actor: OWNER }]);
  });

  test("[D-3] a new directory makes a project and a workspace once, told in the feeds only", async () => {
    const directory = `/shared/${newId("prj")}`;
    const from = await rig().store.lastPosition();
    const first = (await rig().create({ directory })).value;
    const second = (await rig().create({ directory })).value;
    expect(second.projectId).toBe(first.projectId);
    expect(second.workspaceId).toBe(first.workspaceId);
    const workspace = await rig().store.getWorkspace(first.workspaceId);
    expect(workspace).toMatchObject({ projectId: first.projectId, kind: "directory", directory });
    const page = await rig().store.replayFeed({ after: from, limit: 100 });
    const bare = page.events.filter((event) => event.sessionId === undefined);
    expect(bare.map((event) => event.type)).toEqual(["project.updated", "workspace.updated"]);
    for (const event of bare) {
      expect(event).not.toHaveProperty("seq");
      expect(event.workspaceId).toBe(first.workspaceId);
    }
  });

  test("[D-1] a session may be made in a workspace that exists, and in no other", async () => {
    const first = (await rig().create()).value;
    const second = (await rig().create({ existingWorkspaceId: first.workspaceId, directory: "/ignored" }))
      .value;
    expect(second).toMatchObject({ workspaceId: first.workspaceId, directory: first.directory });
    expect(await refusalOf(rig().create({ existingWorkspaceId: newId("wsp") }))).toBe("NOT_FOUND");
    expect(await refusalOf(rig().create({ parentId: newId("ses") }))).toBe("NOT_FOUND");
  });

  test("[D-5] a repeated creation answers the first session; another body is a mismatch", async () => {
    const idempotency = keyed(newId("act"));
    const first = await rig().create({ idempotency });
    const again = await rig().create({ idempotency });
    expect(again).toEqual({ value: first.value, replayed: true });
    const other = rig().create({ idempotency: { ...idempotency, bodyHash: "b".repeat(64) } });
    expect(await refusalOf(other)).toBe("IDEMPOTENCY_MISMATCH");
  });

  test("[R-1.3] archiving and unarchiving are explicit, and an archived session starts and admits nothing", async () => {
    const id = await rig().session();
    await rig().admit(id);
    const archived = await rig().store.patchSession({
      sessionId: id,
      patch: { archived: true },
      actor: OWNER,
    });
    expect(archived.value.time.archived).toBeTypeOf("number");
    expect(await rig().tryStart(id)).toBeUndefined();
    expect(await rig().store.startableSessions()).not.toContain(id);
    expect(await refusalOf(rig().admit(id))).toBe("CONFLICT");
    const back = await rig().store.patchSession({ sessionId: id, patch: { archived: false }, actor: OWNER });
    expect(back.value.time).not.toHaveProperty("archived");
    expect(await rig().store.startableSessions()).toContain(id);
  });

  test("[R-1.3] a patch changes what it names, and null clears the model", async () => {
    const id = await rig().session({ model: { modelId: "m" } });
    const patch = { title: "New", agent: "qwen", approvalMode: "all", resumePolicy: "auto" } as const;
    const patched = await rig().store.patchSession({ sessionId: id, patch, actor: OWNER });
    expect(patched.value).toMatchObject({ ...patch, model: { modelId: "m" } });
    const cleared = await rig().store.patchSession({ sessionId: id, patch: { model: null }, actor: OWNER });
    expect(cleared.value).toMatchObject(patch);
    expect(cleared.value).not.toHaveProperty("model");
    const gone = rig().store.patchSession({ sessionId: newId("ses"), patch, actor: OWNER });
    expect(await refusalOf(gone)).toBe("NOT_FOUND");
  });

  test("[D-5] a repeated patch is not applied over what came after it", async () => {
    const sessionId = await rig().session();
    const first = { sessionId, patch: { title: "First" }, actor: OWNER, idempotency: keyed(newId("act")) };
    await rig().store.patchSession(first);
    await rig().store.patchSession({ sessionId, patch: { title: "Second" }, actor: OWNER });
    const again = await rig().store.patchSession(first);
    expect(again).toMatchObject({ replayed: true, value: { title: "Second" } });
  });

  test("[D-26] deletion takes children first and leaves an event, and nothing of them is found again", async () => {
    const parent = await rig().session();
    const child = await rig().session({ parentId: parent });
    const grandchild = await rig().session({ parentId: child });
    const turn = await rig().exchange(child);
    const from = await rig().store.lastPosition();
    const last = rig().heard(child).length;
    const { deleted } = await rig().store.deleteSession({ sessionId: parent, actor: OWNER });
    expect(deleted).toEqual([grandchild, child, parent]);
    for (const id of deleted) expect(await rig().store.getSession(id)).toBeUndefined();
    expect(await rig().store.getTurn(turn.id)).toBeUndefined();
    expect(await rig().store.getMessage(turn.messageId)).toBeUndefined();
    expect(await replayAll(rig().store, child)).toEqual([]);
    const told = rig().heard(child, last);
    expect(told).toMatchObject([{ type: "session.deleted", seq: last + 1 }]);
    const { events } = await rig().store.replayFeed({ after: from, limit: 100 });
    expect(events.map((event) => [event.type, event.sessionId])).toEqual(
      deleted.map((id) => ["session.deleted", id]),
    );
    expect(events.find((event) => event.sessionId === child)).toEqual(told[0]);
    expect(await refusalOf(rig().store.deleteSession({ sessionId: parent, actor: OWNER }))).toBe("NOT_FOUND");
  });

  test("[D-26] a session is not deleted while a turn of it or of a child runs", async () => {
    const parent = await rig().session();
    const run = await rig().running({ parentId: parent });
    const remove = () => rig().store.deleteSession({ sessionId: parent, actor: OWNER });
    expect(await refusalOf(remove())).toBe("SESSION_BUSY");
    await rig().begin(run);
    expect(await refusalOf(remove())).toBe("SESSION_BUSY");
    await rig().finalize(run);
    expect((await remove()).deleted).toEqual([run.session.id, parent]);
  });

  test("[D-29] a list goes by the last activity, and what streams leaves places alone", async () => {
    const directory = `/listed/${newId("prj")}`;
    const run = await rig().running({ directory });
    await rig().age(60_000);
    const second = await rig().session({ directory });
    const ids = async () => (await list(rig(), directory, 10)).map((session) => session.id);
    expect(await ids()).toEqual([second, run.session.id]);
    await rig().part(run, textPart(placeOf(run), "text", { start: 1 }));
    expect(await ids()).toEqual([second, run.session.id]);
    await rig().age(60_000);
    await rig().finish(run, COMPLETED);
    expect(await ids()).toEqual([run.session.id, second]);
  });

  test("[D-29] what people and agents do moves a session to the top with its time, upkeep leaves both", async () => {
    const { store } = rig();
    const directory = `/moved/${newId("prj")}`;
    const run = await rig().running({ directory });
    const sessionId = run.session.id;
    const turnId = run.turn.id;
    const agentSessionId = run.agentSession.id;
    const progress = (...ops: ProgressOp[]) =>
      store.appendProgress({ sessionId, turnId, epoch: run.epoch, ops });
    const permission = await rig().ask(run);
    const queued = await rig().admit(sessionId, "Later.");
    const waiting = { turnId: queued.turn.id, waitingFor: { kind: "pool" as const } };
    const acts: [moves: boolean, name: string, act: () => Promise<unknown>][] = [
      [false, "a shown wait", () => store.setWaiting(waiting)],
      [false, "a waiting turn", () => progress({ op: "turn", patch: { waitingFor: { kind: "storage" } } })],
      [
        false,
        "facts of the agent",
        () => progress({ op: "agentSession", agentSessionId, patch: { version: "2" } }),
      ],
      [false, "a suggested title", () => progress({ op: "title", title: "By the agent" })],
      [false, "a plan", () => progress({ op: "todos", todos: [] })],
      [true, "a rename", () => store.patchSession({ sessionId, patch: { title: "Mine" }, actor: OWNER })],
      [false, "a pause by itself", () => store.pauseQueue({ sessionId, actor: SYSTEM })],
      [true, "a resumed queue", () => store.resumeQueue({ sessionId, actor: OWNER })],
      [
        false,
        "a deadline",
        () => store.expirePermission({ permissionId: permission.id, expiry: "deadline", actor: SYSTEM }),
      ],
      [true, "a question", () => rig().ask(run)],
      [true, "a stop", () => store.cancelTurn({ turnId, actor: OWNER })],
      [false, "a stored end", () => store.beginFinalize({ turnId, epoch: run.epoch, record: COMPLETED })],
      [true, "an end", () => rig().finalize(run)],
      [
        false,
        "a closed agent",
        () => store.updateAgentSession({ agentSessionId, patch: { status: "resumable" }, actor: SYSTEM }),
      ],
      [true, "a removed input", () => store.removeInput({ inputId: queued.input.id, actor: OWNER })],
      [
        false,
        "a continued input",
        () => store.admitInput(rig().admission(sessionId, "Go on.", { actor: SYSTEM })),
      ],
      [true, "a started turn", () => rig().start(sessionId)],
    ];
    for (const [moves, name, act] of acts) {
      await rig().age(60_000);
      const second = await rig().session({ directory });
      const { time, lastSeq } = await rig().readSession(sessionId);
      await act();
      const [first] = await list(rig(), directory, 1);
      expect([name, first?.id]).toEqual([name, moves ? sessionId : second]);
      const later = (await rig().readSession(sessionId)).time.updated;
      expect([name, later > time.updated]).toEqual([name, moves]);
      const told = rig()
        .heard(sessionId, lastSeq)
        .findLast(({ type }) => type === "session.updated");
      if (told !== undefined)
        expect([name, JSON.parse(told.data)]).toMatchObject([
          name,
          { session: { time: { updated: later } } },
        ]);
    }
    const elsewhere = `/cut/${newId("prj")}`;
    const cut = await rig().running({ directory: elsewhere });
    await rig().age(60_000);
    const last = await rig().session({ directory: elsewhere });
    const error = { name: "MessageAbortedError" as const, data: { message: "Gone." } };
    await rig().finish(cut, { state: "aborted", reason: "interrupted", error });
    expect((await list(rig(), elsewhere, 1)).map(({ id }) => id)).toEqual([last]);
  });

  test("[D-29] sessions of one millisecond are neither skipped nor repeated, forwards and back", async () => {
    const directory = `/equal/${newId("prj")}`;
    const made = await Promise.all(Array.from({ length: 23 }, () => rig().session({ directory })));
    const down: SessionId[] = [];
    const cursors: { before?: FeedPosition } = {};
    for (;;) {
      const page = await rig().store.listSessions({ filter: { directory }, limit: 5, ...cursors });
      down.push(...page.items.map((session) => session.id));
      if (page.next === undefined) break;
      cursors.before = page.next;
    }
    expect(down.toSorted()).toEqual(made.toSorted());
    const up: SessionId[] = [];
    let after = (await rig().store.listSessions({ filter: { directory }, limit: 5, ...cursors })).prev;
    const last = down.slice(20);
    while (after !== undefined) {
      const page = await rig().store.listSessions({ filter: { directory }, limit: 5, after });
      up.unshift(...page.items.map((session) => session.id));
      after = page.prev;
    }
    expect([...up, ...last]).toEqual(down);
  });

  test("[D-29] filters of a list: archived, roots, parent, title", async () => {
    const directory = `/filtered/${newId("prj")}`;
    const parent = await rig().session({ directory, title: "Alpha one" });
    const child = await rig().session({ directory, title: "alphabet", parentId: parent });
    const other = await rig().session({ directory, title: "100% _sure_" });
    await rig().store.patchSession({ sessionId: other, patch: { archived: true }, actor: OWNER });
    const found = async (filter: object) =>
      (await rig().store.listSessions({ filter: { directory, ...filter }, limit: 10 })).items
        .map((session) => session.id)
        .toSorted();
    expect(await found({ archived: true })).toEqual([other]);
    expect(await found({ archived: false })).toEqual([parent, child].toSorted());
    expect(await found({ roots: true })).toEqual([parent, other].toSorted());
    expect(await found({ parentId: parent })).toEqual([child]);
    expect(await found({ title: "ALPHA" })).toEqual([parent, child].toSorted());
    expect(await found({ title: "%" })).toEqual([other]);
    expect(await found({ title: "_" })).toEqual([other]);
  });

  test("[A-3] the last agent of a directory is that of its newest session", async () => {
    const directory = `/agents/${newId("prj")}`;
    expect(await rig().store.lastAgent(directory)).toBeUndefined();
    await rig().session({ directory, agent: "qwen" });
    await rig().age(1_000);
    await rig().session({ directory, agent: "goose" });
    expect(await rig().store.lastAgent(directory)).toBe("goose");
  });

  test("[D-29, D-3] the list goes by the order of events, wherever the clock stands", async () => {
    const first = await rig().session();
    const second = await rig().session();
    const order = async () =>
      (await rig().store.listSessions({ filter: {}, limit: 200 })).items
        .map(({ id }) => id)
        .filter((id) => id === first || id === second);
    expect(await order()).toEqual([second, first]);
    // The clock goes back by a day: what is stored lies in the future now.
    await rig().age(-DAY);
    await rig().admit(first);
    expect(await order()).toEqual([first, second]);
    const { start } = rig().store.feedOrder;
    const newest = await rig().store.listSessions({ filter: {}, limit: 1 });
    expect(newest.items[0]?.id).toBe(first);
    const older = await rig().store.listSessions({ filter: {}, limit: 1, before: newest.next ?? start });
    expect(older.items[0]?.id).toBe(second);
    const newer = await rig().store.listSessions({ filter: {}, limit: 1, after: older.prev ?? start });
    expect(newer.items[0]?.id).toBe(first);
  });

  test("[D-8] a turn ends no earlier than it started, wherever the clock stands", async () => {
    const run = await rig().running();
    await rig().age(-DAY);
    const { time } = await rig().finish(run);
    expect(time.ended).toBeGreaterThanOrEqual(time.started ?? Infinity);
    expect(time.started).toBeGreaterThanOrEqual(time.queued);
  });
});

async function list(rig: StoreRig, directory: string, limit: number): Promise<Session[]> {
  return (await rig.store.listSessions({ filter: { directory }, limit })).items;
}
