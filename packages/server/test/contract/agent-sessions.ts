import { newId } from "@holdfast/kernel";
import { handoffPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { AgentSessionPatch, StartedTurn, TerminalRecord } from "../../src/store/index.ts";
import { COMPLETED, placeOf, type StoreRig, SYSTEM, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

const CANCELLED: TerminalRecord = {
  state: "aborted",
  reason: "cancelled",
  error: { name: "MessageAbortedError", data: { message: "Stopped." } },
};

async function watermark(rig: StoreRig, run: StartedTurn): Promise<number | undefined> {
  const { items } = await rig.store.listAgentSessions(run.session.id);
  return items.find(({ agent }) => agent === run.turn.agent)?.watermark;
}

export const agentSessionsTopic = topic("agent sessions", (rig) => {
  test("[A-6] the watermark is raised by the transaction that ends a turn in which the agent produced anything", async () => {
    const sessionId = await rig().session();
    await rig().admit(sessionId);
    const silent = await rig().start(sessionId);
    await rig().append(silent, {
      op: "part",
      part: { ...placeOf(silent), id: newId("prt"), type: "step-start" },
    });
    await rig().finish(silent, CANCELLED);
    expect(await watermark(rig(), silent)).toBeUndefined();

    await rig().admit(sessionId);
    const spoken = await rig().start(sessionId);
    const before = (await rig().store.lastSeq(sessionId)) ?? 0;
    await rig().part(spoken, textPart(placeOf(spoken), "half", { start: 1 }));
    await rig().begin(spoken, CANCELLED);
    expect(await watermark(rig(), spoken)).toBeUndefined();
    await rig().finalize(spoken);
    const raised = (await watermark(rig(), spoken)) ?? 0;
    expect(raised).toBeGreaterThan(before);
    expect(raised).toBeLessThanOrEqual((await rig().store.lastSeq(sessionId)) ?? 0);

    await rig().admit(sessionId);
    const called = await rig().start(sessionId);
    await rig().part(called, toolPart(placeOf(called), { status: "pending", input: {}, raw: "" }));
    await rig().finish(called, CANCELLED);
    expect(await watermark(rig(), called)).toBeGreaterThan(raised);
  });

  test("[A-6] an answer without a word counts too, and each agent has a watermark of its own", async () => {
    const sessionId = await rig().session();
    await rig().admit(sessionId);
    const one = await rig().start(sessionId);
    await rig().finish(one);
    const first = await watermark(rig(), one);
    expect(first).toBeGreaterThan(0);
    await rig().admit(sessionId, "other", { agent: "goose" });
    const other = await rig().start(sessionId);
    await rig().finish(other);
    expect(await watermark(rig(), other)).toBeGreaterThan(first ?? 0);
    expect(await watermark(rig(), one)).toBe(first);
  });

  test("[A-6] turns since a watermark come newest first, without those before it and without the running one", async () => {
    const sessionId = await rig().session();
    const ended: string[] = [];
    for (let count = 0; count < 5; count += 1)
      ended.push((await rig().exchange(sessionId, `answer ${count}`)).id);
    const { items } = await rig().store.listAgentSessions(sessionId);
    await rig().admit(sessionId, "queued and removed");
    await rig().admit(sessionId);
    const run = await rig().start(sessionId);
    const since = async (after: number, limit = 10, before = run.turn.id) =>
      (await rig().store.turnsSince({ sessionId, after, before, limit })).map(({ turn }) => turn.id);
    expect(await since(0)).toEqual(ended.toReversed());
    expect(await since(0, 2)).toEqual([ended[4], ended[3]]);
    expect(await since(0, 2, ended[3] as typeof run.turn.id)).toEqual([ended[2], ended[1]]);
    expect(await since(items[0]?.watermark ?? 0)).toEqual([]);
    const all = await rig().store.turnsSince({ sessionId, after: 0, limit: 2 });
    expect(
      all.map(({ turn }) => turn.id),
      "without `before`",
    ).toEqual([run.turn.id, ended[4]]);
    const [newest] = await rig().store.turnsSince({ sessionId, after: 0, before: run.turn.id, limit: 1 });
    expect(newest?.messages.map(({ info }) => info.role)).toEqual(["user", "assistant"]);
    await rig().finish(run);
  });

  test("[A-6] a handoff stands on the user's message and is no part of what was asked", async () => {
    const run = await rig().running();
    const part = handoffPart(
      { ...placeOf(run), id: newId("prt"), messageId: run.message.info.id },
      "before",
      1,
    );
    await rig().part(run, part);
    const message = await rig().store.getMessage(run.message.info.id);
    expect(message?.parts.map((each) => ("text" in each ? each.text : ""))).toEqual(["Do it.", "before"]);
    expect((await rig().store.getInput(run.input.id))?.parts).toEqual([{ type: "text", text: "Do it." }]);
    await rig().finish(run);
  });

  test("[A-27, D-18] background tasks are kept since when there was any, and are lost with the program that ran them", async () => {
    const run = await rig().running();
    const { agentSession } = run;
    const background = async () => (await rig().store.listAgentSessions(run.session.id)).items[0]?.background;
    const patch = (told: AgentSessionPatch) =>
      rig().append(run, { op: "agentSession", agentSessionId: agentSession.id, patch: told });
    await patch({ background: { count: 1, tasks: ["build"] } });
    const first = await background();
    expect(first).toEqual({ count: 1, tasks: ["build"], since: expect.any(Number) as number });
    await patch({ background: { count: 2, tasks: ["build", "serve"] } });
    await patch({ version: "2" });
    expect(await background()).toEqual({ ...first, count: 2, tasks: ["build", "serve"] });
    await patch({ background: null });
    expect(await background()).toBeUndefined();
    await patch({ background: { count: 1 } });
    await rig().finish(run, { ...COMPLETED, agentSession: "idle" });
    expect(await background()).not.toHaveProperty("lost");
    const told = { agentSessionId: agentSession.id, actor: SYSTEM };
    await rig().store.updateAgentSession({ ...told, patch: { status: "resumable" } });
    const lost = await background();
    expect(lost).toMatchObject({ count: 1, lost: expect.any(Number) as number });
    await rig().store.updateAgentSession({ ...told, patch: { status: "crashed" } });
    expect(await background(), "once").toEqual(lost);
    await rig().store.updateAgentSession({ ...told, patch: { background: { count: 3 } } });
    expect(await background()).toEqual({ count: 3, since: expect.any(Number) as number });
    await rig().store.updateAgentSession({ ...told, patch: { status: "crashed" } });
    const at = (await background())?.lost ?? 0;
    while (Date.now() <= at) await new Promise((resume) => setImmediate(resume));
    await rig().exchange(run.session.id);
    expect(await background(), "somebody asked since").toBeUndefined();
  });
});
