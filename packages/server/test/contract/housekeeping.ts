import { newId } from "@holdfast/kernel";
import type { TokenId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { replayAll } from "./reduction.ts";
import { delta, OWNER, placeOf, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

export const housekeepingTopic = topic("housekeeping", (rig) => {
  const events = async () => (await rig().store.inspect()).sizes.events;

  test("[D-14] deltas of an ended turn go a minute after its end, a bounded number at a time", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    for (let offset = 0; offset < 10; offset += 1) await rig().append(run, delta(part, offset, "x"));
    await rig().finish(run);
    const before = await events();
    expect(await rig().store.sweepHousekeeping({ limit: 100 })).toBe(0);
    expect(await events()).toBe(before);
    await rig().age(MINUTE + 1_000);
    expect(await rig().store.sweepHousekeeping({ limit: 4 })).toBe(4);
    expect(await rig().store.sweepHousekeeping({ limit: 4 })).toBe(4);
    expect(await rig().store.sweepHousekeeping({ limit: 4 })).toBe(2);
    expect(await rig().store.sweepHousekeeping({ limit: 4 })).toBe(0);
    expect(await events()).toBe(before - 10);
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "xxxxxxxxxx" });
    const types = (await replayAll(rig().store, run.session.id)).map((event) => event.type);
    expect(types).not.toContain("message.part.delta");
    expect(types.at(-1)).toBe("turn.completed");
  });

  test("[D-14] deltas of a running turn stay, however old it is", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "kept"));
    await rig().age(DAY);
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "kept" });
    await rig().append(run, delta(part, 4, "!"));
    expect(await rig().store.getPart(part.id)).toMatchObject({ text: "kept!" });
  });

  test("[D-26] the end of a deleted session stays in the feed for 30 days", async () => {
    const sessionId = await rig().session();
    const from = await rig().store.lastPosition();
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    const ends = async () =>
      (await rig().store.replayFeed({ after: from, limit: 50 })).events.filter(
        (event) => event.type === "session.deleted",
      );
    await rig().age(29 * DAY);
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await ends()).toMatchObject([{ sessionId }]);
    await rig().age(2 * DAY);
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await ends(), "the newest event of all stays, whatever its age").toMatchObject([{ sessionId }]);
    await rig().session();
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await ends()).toEqual([]);
  });

  test("[D-3] what comes after the newest events were deleted stands behind every cursor", async () => {
    const sessionId = await rig().session();
    const before = await rig().store.lastPosition();
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    const end = await rig().store.lastPosition();
    expect(rig().store.feedOrder.isAfter(end, before)).toBe(true);
    const { events } = await rig().store.replayFeed({ after: before, limit: 50 });
    expect(events).toMatchObject([{ type: "session.deleted", sessionId }]);
    await rig().age(400 * DAY);
    await rig().store.sweepHousekeeping({ limit: 100 });
    await rig().session();
    const later = await rig().store.replayFeed({ after: end, limit: 50 });
    expect(later.events.map((event) => event.type)).toContain("session.created");
  });

  test("[D-17] instances beat, end, and are kept while a claim names them", async () => {
    const run = await rig().running();
    await rig().store.heartbeat({ instanceId: rig().instanceId });
    await rig().store.endInstance({ instanceId: rig().instanceId });
    await rig().age(30 * DAY);
    await rig().store.sweepHousekeeping({ limit: 100 });
    expect(await rig().store.liveTurns()).toContainEqual(
      expect.objectContaining({ turnId: run.turn.id, instanceId: rig().instanceId }),
    );
  });

  test("[I-6] browser tokens are found by hash, touched and revoked", async () => {
    const row = (label: string) => ({ id: newId("tok"), label, created: 1, expires: 99 });
    const [a, b, c] = [row("a"), row("b"), row("c")];
    for (const token of [a, b, c]) await rig().store.putBrowserToken({ ...token, hash: `hash ${token.id}` });
    expect(await rig().store.findBrowserToken(`hash ${a.id}`)).toEqual(a);
    expect(await rig().store.findBrowserToken("hash")).toBeUndefined();
    await rig().store.touchBrowserToken({ id: a.id });
    expect((await rig().store.findBrowserToken(`hash ${a.id}`))?.used).toBeTypeOf("number");
    const revoke = (id: TokenId) => rig().store.revokeBrowserTokens({ id });
    expect([await revoke(b.id), await revoke(b.id)]).toEqual([true, false]);
    const listed = await rig().store.listBrowserTokens();
    expect(listed.map(({ id }) => id).toSorted()).toEqual([a.id, c.id].toSorted());
    const all = () => rig().store.revokeBrowserTokens({ all: true });
    expect([await all(), await all()]).toEqual([true, false]);
    expect(await rig().store.listBrowserTokens()).toEqual([]);
  });

  test("[A-3] what an agent was last seen to do is kept once per agent", async () => {
    await rig().store.putAgentFacts({ agent: "qwen", version: "1", features: {} as never });
    await rig().store.putAgentFacts({ agent: "qwen", features: { steer: "yes" } as never });
    await rig().reopen();
    expect(await rig().store.agentFacts()).toEqual([{ agent: "qwen", features: { steer: "yes" } }]);
  });

  test("[D-23] a store keeps its id and everything in it when it is opened again", async () => {
    const { storeId } = rig().store;
    const run = await rig().running();
    await rig().part(run, textPart(placeOf(run), "x", { start: 1 }));
    const before = [await rig().readSession(run.session.id), await rig().turn(run)];
    const history = await rig().history(run.session.id);
    const position = await rig().store.lastPosition();
    await rig().reopen();
    expect(rig().store.storeId).toBe(storeId);
    expect([await rig().readSession(run.session.id), await rig().turn(run)]).toEqual(before);
    expect(await rig().history(run.session.id)).toEqual(history);
    expect(await rig().store.lastPosition()).toEqual(position);
    await rig().part(run, textPart(placeOf(run), "y", { start: 1 }));
    expect(rig().store.feedOrder.isAfter(await rig().store.lastPosition(), position)).toBe(true);
  });

  test("[D-38] the store finds a turn that nobody owns and a process that was left", async () => {
    const run = await rig().running();
    const clean = await rig().store.inspect();
    expect(clean.stuckTurns.filter((line) => line.includes(run.turn.id))).toEqual([]);
    const launchId = newId("act");
    const { instanceId } = rig();
    const launch = { launchId, instanceId, sessionId: run.session.id, agent: "qwen", argvHash: "h" };
    await rig().store.recordLaunch(launch);
    const { leftoverProcesses, sizes } = await rig().store.inspect();
    expect(leftoverProcesses.filter((line) => line.includes(launchId))).toHaveLength(1);
    expect(sizes.sessions).toBeGreaterThan(0);
    await rig().store.recordExit({ launchId });
  });
});
