import { newId } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { TerminalRecord } from "../../src/store/index.ts";
import { OWNER, type StoreRig, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

/** The end of a turn at a usage limit that is over at that time. */
const limited = (resetAt: number): TerminalRecord => ({
  state: "failed",
  reason: "limited",
  error: { name: "APIError", data: { message: "no more", statusCode: 429, isRetryable: true, resetAt } },
});

/** A session whose turn ended at a limit until then. */
async function suspended(rig: StoreRig, until: number, agent = "rehearsal"): Promise<SessionId> {
  const sessionId = await rig.session({ agent });
  await rig.admit(sessionId, "too much", { agent });
  await rig.finish(await rig.start(sessionId), limited(until));
  return sessionId;
}

export const limitsTopic = topic("limits", (rig) => {
  test("[A-29, D-8] a turn that ends at a limit suspends its session until then, and the next turn of that agent says so", async () => {
    const until = Date.now() + 3_600_000;
    const sessionId = await suspended(rig(), until);
    await rig().reopen();
    const session = await rig().readSession(sessionId);
    expect(session).toMatchObject({ suspended: { agent: "rehearsal", until }, attention: "failed" });
    const told = rig()
      .heard(sessionId)
      .findLast(({ type }) => type === "session.updated");
    expect(JSON.parse(told?.data ?? "{}")).toMatchObject({ session: { suspended: { until } } });
    const { turn } = await rig().admit(sessionId, "next");
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({ turnId: turn.id, limitedUntil: until });
  });

  test("[A-29, D-6] what is for another agent goes ahead of what waits for a limit, in its order, until that is over", async () => {
    const until = Date.now() + 3_600_000;
    const sessionId = await suspended(rig(), until);
    const waiting = await rig().admit(sessionId, "next");
    const other = await rig().admit(sessionId, "other", { agent: "qwen" });
    const messageId = newId("msg");
    const parts = [{ ...textPart({ sessionId, messageId }, "for people"), ignored: true }];
    const note = await rig().admit(sessionId, undefined, { agent: "qwen", messageId, parts });
    const next = (now?: number) => rig().store.nextTurn(sessionId, now);
    expect(await next(until)).toMatchObject({ turnId: waiting.turn.id, past: [] });
    expect(await next(until)).not.toHaveProperty("limitedUntil");
    const found = await next(until - 1);
    expect(found).toMatchObject({ turnId: other.turn.id, past: ["rehearsal"] });
    expect(found).not.toHaveProperty("limitedUntil");
    await rig().finish(await rig().start(sessionId, ["rehearsal"]));
    expect(await next(until - 1)).toMatchObject({ turnId: note.turn.id, isForPeopleOnly: true });
    const take = { sessionId, turnId: note.turn.id, actor: OWNER };
    expect(await rig().store.noteTurn(take), "another one is first").toBe(false);
    expect(await rig().store.noteTurn({ ...take, past: ["rehearsal"] })).toBe(true);
    expect(await next(until - 1)).toMatchObject({ turnId: waiting.turn.id, limitedUntil: until });
  });

  test("[A-29] two agents at their limits are both remembered, each until it is over or starts again", async () => {
    const until = Date.now() + 3_600_000;
    const sessionId = await suspended(rig(), until, "limits:three");
    await rig().admit(sessionId, "other", { agent: "limits:four" });
    await rig().finish(await rig().start(sessionId), limited(until + 1));
    const also = [{ agent: "limits:three", until }];
    expect((await rig().readSession(sessionId)).suspended).toEqual({
      agent: "limits:four",
      until: until + 1,
      also,
    });
    const found = (await rig().store.agentLimits(until - 1)).filter((each) => each.sessionId === sessionId);
    expect(new Map(found.map((each) => [each.agent, each.until]))).toEqual(
      new Map([
        ["limits:three", until],
        ["limits:four", until + 1],
      ]),
    );
    const waiting = await rig().admit(sessionId, "again", { agent: "limits:three" });
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({
      turnId: waiting.turn.id,
      limitedUntil: until,
    });
    await rig().finish(await rig().start(sessionId));
    expect((await rig().readSession(sessionId)).suspended).toEqual({
      agent: "limits:four",
      until: until + 1,
    });
  });

  test("[A-29] a turn of that agent that starts ends it, one of another agent does not, nor does another end", async () => {
    const until = Date.now() + 3_600_000;
    const sessionId = await suspended(rig(), until);
    await rig().admit(sessionId, "other", { agent: "qwen" });
    await rig().finish(await rig().start(sessionId));
    expect((await rig().readSession(sessionId)).suspended).toEqual({ agent: "rehearsal", until });
    await rig().admit(sessionId, "again");
    const run = await rig().start(sessionId);
    expect(run.session).not.toHaveProperty("suspended");
    await rig().finish(run, { ...limited(until), reason: "error" });
    expect(await rig().readSession(sessionId)).not.toHaveProperty("suspended");
  });

  test("[A-29, D-6] letting the queue go on ends it, and is told once", async () => {
    const sessionId = await suspended(rig(), Date.now() + 3_600_000);
    await rig().admit(sessionId, "next");
    const seq = await rig().store.lastSeq(sessionId);
    for (const _ of [1, 2]) {
      const { value } = await rig().store.resumeQueue({ sessionId, actor: OWNER });
      expect(value).not.toHaveProperty("suspended");
    }
    expect(
      rig()
        .heard(sessionId, seq)
        .map(({ type }) => type),
    ).toEqual(["session.updated"]);
    expect(await rig().store.nextTurn(sessionId)).not.toHaveProperty("limitedUntil");
  });

  test("[A-29] of each agent the session that waits longest is found, until that is over", async () => {
    const until = Date.now() + 7_200_000;
    await suspended(rig(), until - 3_600_000, "limits:one");
    const longest = await suspended(rig(), until, "limits:one");
    const other = await suspended(rig(), until, "limits:two");
    const found = async (now: number) =>
      (await rig().store.agentLimits(now)).filter(({ agent }) => agent.startsWith("limits:"));
    expect(new Set(await found(until - 1))).toEqual(
      new Set([
        { agent: "limits:one", until, sessionId: longest },
        { agent: "limits:two", until, sessionId: other },
      ]),
    );
    expect(await found(until)).toEqual([]);
  });

  test("[A-29] how often a session goes on by itself is its own setting, and never unless it is set", async () => {
    const sessionId = await rig().session();
    expect(await rig().readSession(sessionId)).not.toHaveProperty("limitAttempts");
    const patch = (limitAttempts: number) =>
      rig().store.patchSession({ sessionId, patch: { limitAttempts }, actor: OWNER });
    expect((await patch(2)).value.limitAttempts).toBe(2);
    await rig().store.patchSession({ sessionId, patch: { title: "other" }, actor: OWNER });
    expect((await rig().readSession(sessionId)).limitAttempts).toBe(2);
    expect((await patch(0)).value).not.toHaveProperty("limitAttempts");
    expect((await rig().create({ limitAttempts: 1 })).value.limitAttempts).toBe(1);
  });
});
