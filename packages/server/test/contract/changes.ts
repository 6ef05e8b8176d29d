import { newId } from "@holdfast/kernel";
import { type ChangeId, MAX_EVENT_BYTES, type WorkspaceId } from "@holdfast/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredChange } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { OWNER } from "./rig.ts";
import { topic } from "./topic.ts";
import {
  activeWorktree,
  change,
  changeWrite,
  endOperation,
  operate,
  record,
  revised,
  toldChanges,
  TRACKING,
  workspace,
} from "./worktree-rig.ts";

const DAY = 86_400_000;

export const changesTopic = topic("pending changes", (rig, size) => {
  const list = (workspaceId: WorkspaceId) => rig().store.listChanges({ workspaceId });
  const feed = async (workspaceId: WorkspaceId) => {
    const after = rig().store.feedOrder.start;
    return (await rig().store.replayFeed({ workspaceId, after, limit: 1_000 })).events;
  };

  test("[W-4] what a snapshot showed is stored whole, and read by path with what is derived", async () => {
    const workspaceId = await workspace(rig());
    expect(await rig().store.getTracking(workspaceId)).toEqual({
      state: "on",
      uncaptured: [],
      uncapturedCount: 0,
    });
    const latin = Buffer.from("ä \xff", "latin1").toString("latin1");
    const [one, two] = [
      change(workspaceId, { path: "b", oldPath: "was", oldKey: "was", kind: "renamed", reviewed: 1 }),
      change(workspaceId, { path: "a", key: latin, sessionId: newId("ses"), turnId: newId("trn") }),
    ];
    await record(rig(), workspaceId, [one, two]);
    expect(await rig().store.getTracking(workspaceId)).toEqual(TRACKING);
    const [first, second] = await list(workspaceId);
    expect(first).toMatchObject({ ...one, action: "accept", staged: false });
    expect(second).toMatchObject({ ...two, action: "accept", staged: false });
    expect(first?.time.created).toBe(first?.time.updated);
    expect(await rig().store.getChange(two.id)).toEqual(second);
    await rig().reopen();
    expect(await list(workspaceId)).toEqual([first, second]);
    expect(await rig().store.listChanges({ workspaceId, states: ["conflict"] })).toEqual([]);
    expect(await rig().store.getChange(newId("chg"))).toBeUndefined();
    expect(await refusalOf(rig().store.getTracking(newId("wsp")))).toBe("NOT_FOUND");
    expect(await refusalOf(record(rig(), newId("wsp"), []))).toBe("NOT_FOUND");
  });

  test("[W-7] in a worktree a change is applied, in a project's directory accepted", async () => {
    const { workspaceId } = await activeWorktree(rig());
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    expect(await rig().store.getChange(row.id)).toMatchObject({ action: "apply" });
  });

  test("[W-4] a revision moves by one; from any other nothing of the write is stored", async () => {
    const workspaceId = await workspace(rig());
    const [row, beside] = [change(workspaceId), change(workspaceId)];
    await record(rig(), workspaceId, [row]);
    const second = revised(row, { additions: 9 });
    const refused: StoredChange[] = [
      row,
      revised(second),
      { ...second, id: newId("chg") },
      change(workspaceId, { revision: 2 }),
    ];
    for (const stale of refused) {
      const position = await rig().store.lastPosition();
      const write = changeWrite(workspaceId, {
        changes: [beside, stale],
        tracking: { ...TRACKING, state: "off" },
      });
      expect(await refusalOf(rig().store.recordChanges(write))).toBe("STALE");
      expect((await list(workspaceId)).map(({ id, revision }) => [id, revision])).toEqual([[row.id, 1]]);
      expect(await rig().store.getTracking(workspaceId)).toEqual(TRACKING);
      expect(await rig().store.lastPosition(), "nobody was told").toEqual(position);
    }
    await record(rig(), workspaceId, [second]);
    expect(await rig().store.getChange(row.id)).toMatchObject({ revision: 2, additions: 9 });
  });

  test("[W-4] of writes at once from one revision exactly one counts", async () => {
    const workspaceId = await workspace(rig());
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    const writes = Array.from({ length: 6 }, (_, additions) =>
      record(rig(), workspaceId, [revised(row, { additions })]),
    );
    const results = await Promise.allSettled(writes);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await rig().store.getChange(row.id)).toMatchObject({ revision: 2 });
  });

  test("[W-4] a path is free again when its change is gone, and the feeds are told the end", async () => {
    const workspaceId = await workspace(rig());
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    const gone = [
      { changeId: row.id, state: "applied" as const },
      { changeId: newId("chg"), state: "rejected" as const },
    ];
    const next = change(workspaceId, { path: row.path });
    await rig().store.recordChanges(changeWrite(workspaceId, { gone, changes: [next] }));
    expect((await list(workspaceId)).map(({ id }) => id)).toEqual([next.id]);
    const told = toldChanges(await feed(workspaceId));
    expect(told.get(row.id)).toMatchObject({
      state: "applied",
      path: row.path,
      hunks: [],
      contributions: [],
    });
    expect(told.get(next.id)).toMatchObject({ state: "pending", revision: 1 });
    const live = rig().events.findLast(({ data }) => data.includes(row.id));
    expect(live).toMatchObject({ type: "change.updated", workspaceId, actor: OWNER });
    expect(toldChanges(live === undefined ? [] : [live]).get(row.id)).toEqual(told.get(row.id));
  });

  test("[D-4] the end of a change stays in the feed for 30 days, and what is pending as long as it is", async () => {
    const workspaceId = await workspace(rig());
    const [ended, stays] = [change(workspaceId), change(workspaceId)];
    await record(rig(), workspaceId, [ended, stays]);
    const gone = [{ changeId: ended.id, state: "rejected" as const }];
    await rig().store.recordChanges(changeWrite(workspaceId, { gone }));
    await workspace(rig());
    const told = async () => {
      await rig().store.sweepHousekeeping({ limit: 100 });
      return [...toldChanges(await feed(workspaceId)).keys()].toSorted();
    };
    await rig().age(29 * DAY);
    expect(await told()).toEqual([ended.id, stays.id].toSorted());
    await rig().age(2 * DAY);
    expect(await told()).toEqual([stays.id]);
  });

  test("[W-4] a change of another workspace is not ended by its id", async () => {
    const [workspaceId, other] = [await workspace(rig()), await workspace(rig())];
    const row = change(other);
    await record(rig(), other, [row]);
    const gone = [{ changeId: row.id, state: "rejected" as const }];
    await rig().store.recordChanges(changeWrite(workspaceId, { gone }));
    expect(await rig().store.getChange(row.id)).toMatchObject({ state: "pending" });
  });

  test("[D-4] a replay tells each change once, as it is now, in the feeds only", async () => {
    const workspaceId = await workspace(rig());
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    const before = (await rig().store.inspect()).sizes.events;
    await record(rig(), workspaceId, [revised(row)]);
    await record(rig(), workspaceId, [revised(revised(row), { state: "conflict" })]);
    const told = (await feed(workspaceId)).filter(({ type }) => type === "change.updated");
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty("seq");
    const { key: _key, ...shown } = (await rig().store.getChange(row.id)) ?? change(workspaceId);
    expect(toldChanges(told).get(row.id)).toEqual(shown);
    expect(shown).toMatchObject({ revision: 3, state: "conflict" });
    expect((await rig().store.inspect()).sizes.events, "the older ones are gone").toBe(before);
    const other = await workspace(rig());
    expect(toldChanges(await feed(other)).size).toBe(0);
  });

  test("[D-4] a change too large for an event is named, and read alone", async () => {
    const workspaceId = await workspace(rig());
    const origins = [{ agent: "rehearsal", turnId: newId("trn"), sessionId: newId("ses") }];
    const hunks = Array.from({ length: 2_000 }, (_, index) => ({
      id: index.toString(16).padStart(16, "0"),
      oldStart: index * 3,
      oldLines: 1,
      newStart: index * 3,
      newLines: 1,
      origins,
    }));
    const row = change(workspaceId, { hunks });
    await record(rig(), workspaceId, [row]);
    const replayed = (await feed(workspaceId)).findLast(({ type }) => type === "change.updated");
    const live = rig().events.findLast(({ type }) => type === "change.updated");
    for (const event of [replayed, live]) {
      expect(Buffer.byteLength(event?.data ?? "")).toBeLessThan(MAX_EVENT_BYTES);
      expect(JSON.parse(event?.data ?? "")).toEqual({ changeId: row.id, workspaceId, tooLarge: true });
    }
    expect((await rig().store.getChange(row.id))?.hunks).toEqual(hunks);
    const more = revised(row, { hunks: [...hunks, ...hunks.slice(0, 1)] });
    expect(await refusalOf(record(rig(), workspaceId, [more]))).toBe("INTERNAL");
    expect(await rig().store.getChange(row.id)).toMatchObject({ revision: 1 });
  });

  test("[W-6] a change is staged while a turn has the workspace, and not while an operation has it", async () => {
    const run = await rig().running();
    const { workspaceId } = run.session;
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    const staged = async () => (await rig().store.getChange(row.id))?.staged;
    expect(await staged()).toBe(true);
    await rig().finish(run);
    expect(await staged()).toBe(false);
    const { id } = await operate(rig(), workspaceId);
    expect(await staged()).toBe(false);
    await endOperation(rig(), id);
  });

  test("[W-6] a revision is marked as reviewed and unmarked; one that moved is stale, and then none is marked", async () => {
    const workspaceId = await workspace(rig());
    const [one, two] = [change(workspaceId), change(workspaceId)];
    await record(rig(), workspaceId, [one, two]);
    await record(rig(), workspaceId, [revised(two)]);
    const mark = (reviewed: boolean, ...changes: { id: ChangeId; revision: number }[]) =>
      rig().store.markReviewed({ workspaceId, changes, reviewed, actor: OWNER });
    const marks = async () => (await list(workspaceId)).map(({ reviewed }) => reviewed);
    expect(await refusalOf(mark(true, one, two))).toBe("STALE");
    expect(await marks()).toEqual([undefined, undefined]);
    await mark(true, one, revised(two));
    expect(await marks()).toEqual([1, 2]);
    expect(toldChanges(await feed(workspaceId)).get(two.id)).toMatchObject({ reviewed: 2 });
    const position = await rig().store.lastPosition();
    await mark(true, one);
    expect(await rig().store.lastPosition(), "said once").toEqual(position);
    await mark(false, one);
    expect(await marks()).toEqual([undefined, 2]);
    expect(await refusalOf(mark(true, change(workspaceId)))).toBe("NOT_FOUND");
    const foreign = rig().store.markReviewed({
      workspaceId: await workspace(rig()),
      changes: [one],
      reviewed: true,
      actor: OWNER,
    });
    expect(await refusalOf(foreign)).toBe("NOT_FOUND");
  });

  test("[W-4, D-8] what is told later of a change is never older, wherever the clock stands", async () => {
    const workspaceId = await workspace(rig());
    const row = change(workspaceId);
    await record(rig(), workspaceId, [row]);
    // The clock goes back by a day: what is stored lies in the future now.
    await rig().age(-DAY);
    const { time } = (await rig().store.getChange(row.id)) ?? { time: { updated: Infinity } };
    await rig().store.markReviewed({ workspaceId, changes: [row], reviewed: true, actor: OWNER });
    await record(rig(), workspaceId, [revised(row)]);
    const gone = [{ changeId: row.id, state: "applied" as const }];
    const from = rig().events.length;
    await rig().store.recordChanges(changeWrite(workspaceId, { gone }));
    const ended = toldChanges(rig().events.slice(from)).get(row.id);
    expect(ended?.time.updated).toBeGreaterThanOrEqual(time.updated);
  });

  test("[W-4, D-26] contributions outlive the session that made them", async () => {
    const run = await rig().running();
    const { id: sessionId, workspaceId } = run.session;
    const contribution = { agent: "rehearsal", sessionId, turnId: run.turn.id, before: "1", after: "2" };
    const row = change(workspaceId, {
      sessionId,
      turnId: run.turn.id,
      contributions: [{ ...contribution, hunks: ["h1"], time: 1 }],
    });
    await record(rig(), workspaceId, [row]);
    await rig().finish(run);
    const before = await list(workspaceId);
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    expect(await list(workspaceId)).toEqual(before);
    expect(before[0]).toMatchObject({ sessionId, contributions: row.contributions });
  });

  test("[W-4] whatever is written in whatever order, rows, live events and replay agree", async () => {
    const step = fc.record({
      path: fc.nat({ max: 3 }),
      act: fc.constantFrom("put", "put", "end", "stale", "mark"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const workspaceId = await workspace(rig());
        const from = rig().events.length;
        const model = new Map<string, StoredChange>();
        for (const { path, act } of steps) {
          const key = `file-${path}`;
          const known = model.get(key);
          if (act === "put") {
            const row = known === undefined ? change(workspaceId, { path: key }) : revised(known);
            await record(rig(), workspaceId, [row]);
            model.set(key, row);
          } else if (act === "stale") {
            const row = known ?? change(workspaceId, { path: key, revision: 2 });
            expect(await refusalOf(record(rig(), workspaceId, [row]))).toBe("STALE");
          } else if (known !== undefined && act === "end") {
            const gone = [{ changeId: known.id, state: "rejected" as const }];
            await rig().store.recordChanges(changeWrite(workspaceId, { gone }));
            model.delete(key);
          } else if (known !== undefined) {
            const { revision } = known;
            await rig().store.markReviewed({ workspaceId, changes: [known], reviewed: true, actor: OWNER });
            model.set(key, { ...known, reviewed: revision });
          }
        }
        const rows = (await list(workspaceId)).map(({ key: _key, ...shown }) => shown);
        expect(rows).toMatchObject(
          [...model.values()]
            .toSorted((a, b) => (a.key < b.key ? -1 : 1))
            .map(({ id, revision }) => ({ id, revision })),
        );
        const isOpen = ({ state }: { state: string }) => state === "pending";
        const byId = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
        for (const events of [rig().events.slice(from), await feed(workspaceId)]) {
          const told = [...toldChanges(events.filter((event) => event.workspaceId === workspaceId)).values()];
          expect(told.filter(isOpen).toSorted(byId)).toEqual(rows);
        }
      }),
      { numRuns: size.propertyRuns },
    );
  });
});
