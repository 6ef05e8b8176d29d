import { newId } from "@holdfast/kernel";
import type { PermissionRule } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, SYSTEM } from "./rig.ts";
import { topic } from "./topic.ts";

export const permissionsTopic = topic("permissions", (rig) => {
  test("[A-19] a request is a row with its whole arguments and deadline before anybody is asked", async () => {
    const run = await rig().running();
    const call = { messageId: run.assistantMessageId, callId: "c" };
    const request = await rig().ask(run, { args: { deep: { list: [1, "two"] } }, deadline: 99, call });
    expect(request).toMatchObject({
      state: "pending",
      deadline: 99,
      call,
      args: { deep: { list: [1, "two"] } },
    });
    expect(request.time.asked).toBeGreaterThan(1);
    expect(await rig().store.getPermission(request.id)).toEqual(request);
    expect(await rig().readSession(run.session.id)).toMatchObject({
      status: "waiting",
      attention: "permission",
    });
    await rig().reopen();
    expect(await rig().store.getPermission(request.id)).toEqual(request);
  });

  test("[A-19] of answers at once the first wins and the others are told so", async () => {
    const run = await rig().running();
    const { id } = await rig().ask(run);
    const answers = await Promise.allSettled(
      (["once", "reject", "once", "always"] as const).map((reply) =>
        rig().store.replyPermission({ permissionId: id, reply, message: reply, actor: OWNER }),
      ),
    );
    const applied = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.value] : []));
    expect(applied).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "ALREADY_REPLIED" });
    const stored = await rig().store.getPermission(id);
    expect(stored).toEqual(applied[0]);
    expect(stored).toMatchObject({ state: "replied", actor: OWNER, message: stored?.reply });
  });

  test("[D-5] a repeated answer is a replay and stores its rules once", async () => {
    const run = await rig().running();
    const { id } = await rig().ask(run);
    const { projectId, id: sessionId } = run.session;
    const rule = (scope: PermissionRule["scope"]): PermissionRule => ({
      id: newId("rul"),
      agent: "rehearsal",
      kind: "execute",
      pattern: "make *",
      scope,
      projectId,
      actor: OWNER,
      time: { created: 1 },
      ...(scope === "session" ? { sessionId } : {}),
    });
    const rules = [rule("session"), rule("project")];
    const reply = { permissionId: id, reply: "always", rules, actor: OWNER } as const;
    const command = { ...reply, idempotency: keyed(newId("act")) };
    const first = await rig().store.replyPermission(command);
    expect(await rig().store.replyPermission(command)).toEqual({ value: first.value, replayed: true });
    expect(await refusalOf(rig().store.replyPermission(reply))).toBe("ALREADY_REPLIED");
    const held = await rig().store.listPermissionRules({ sessionId });
    expect(held.map((found) => ({ ...found, time: { created: 1 } }))).toEqual(rules);
    const sibling = await rig().session({ directory: run.session.directory });
    const stranger = await rig().session();
    expect((await rig().store.listPermissionRules({ sessionId: sibling })).map((r) => r.id)).toEqual([
      rules[1]?.id,
    ]);
    expect(await rig().store.listPermissionRules({ sessionId: stranger })).toEqual([]);
    const all = (await rig().store.listPermissionRules({})).map((r) => r.id);
    expect(all).toEqual(expect.arrayContaining(rules.map((r) => r.id)));
    for (const { id: ruleId } of rules) {
      expect(await rig().store.revokePermissionRule({ id: ruleId, actor: OWNER })).toBe(true);
      expect(await rig().store.revokePermissionRule({ id: ruleId, actor: OWNER })).toBe(false);
    }
    expect(await rig().store.listPermissionRules({ sessionId })).toEqual([]);
  });

  test("[A-19] expiring ends a pending request and leaves any other alone", async () => {
    const run = await rig().running();
    const first = await rig().ask(run);
    const second = await rig().ask(run);
    const expire = (permissionId: typeof first.id) =>
      rig().store.expirePermission({ permissionId, expiry: "deadline", actor: SYSTEM });
    expect(await expire(first.id)).toMatchObject({ state: "expired", expiry: "deadline" });
    expect((await rig().readSession(run.session.id)).status).toBe("waiting");
    await rig().store.replyPermission({ permissionId: second.id, reply: "reject", actor: OWNER });
    expect((await rig().readSession(run.session.id)).status).toBe("busy");
    const seq = await rig().store.lastSeq(run.session.id);
    expect((await expire(first.id)).state).toBe("expired");
    expect((await expire(second.id)).state).toBe("replied");
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    const late = rig().store.replyPermission({ permissionId: first.id, reply: "once", actor: OWNER });
    expect(await refusalOf(late)).toBe("ALREADY_REPLIED");
    expect(await refusalOf(expire(newId("per")))).toBe("NOT_FOUND");
  });

  test("[A-19] requests are listed by state and session, newest first", async () => {
    const run = await rig().running();
    const other = await rig().running();
    const a = await rig().ask(run);
    const b = await rig().ask(run);
    const c = await rig().ask(other);
    await rig().store.expirePermission({ permissionId: a.id, expiry: "deadline", actor: SYSTEM });
    const ids = async (query: Parameters<ReturnType<typeof rig>["store"]["listPermissions"]>[0]) =>
      (await rig().store.listPermissions(query)).map(({ id }) => id);
    expect(await ids({ sessionId: run.session.id })).toEqual([b.id, a.id]);
    expect(await ids({ sessionId: run.session.id, state: "pending" })).toEqual([b.id]);
    expect((await ids({ state: "pending" })).slice(0, 2)).toEqual([c.id, b.id]);
    expect(await ids({ state: "expired" })).toContain(a.id);
    expect((await ids({})).slice(0, 3)).toEqual([c.id, b.id, a.id]);
  });
});
