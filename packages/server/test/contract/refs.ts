import { newId } from "@holdfast/kernel";
import { LIVE_RIGHTS, type SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { makeRef, refCommand, refNow, someHash, through } from "./ref-rig.ts";
import { refusalOf, refusalsOf } from "./refusal.ts";
import { keyed, OWNER } from "./rig.ts";
import { topic } from "./topic.ts";

const DAY = 86_400_000;

export const refsTopic = topic("refs", (rig) => {
  const endOf = async (id: Parameters<typeof refNow>[1]) => (await refNow(rig(), id)).ended;
  const auditOf = async (refId: Parameters<typeof refNow>[1]) =>
    (await rig().store.refAudit({ refId, limit: 50 })).items;

  test("[S-13] a grant is found by the hash of its secret, and nothing that is told of it holds the hash", async () => {
    const sessionId = await rig().session();
    const from = await rig().store.lastPosition();
    const command = refCommand(sessionId, { rights: ["prompt"], label: "Ada" });
    const { value: ref } = await rig().store.createRef(command);
    expect(ref).toMatchObject({
      id: command.refId,
      rootId: command.refId,
      target: { kind: "session", id: sessionId },
      rights: ["read", "prompt"],
      label: "Ada",
      epoch: 1,
      uses: 0,
      createdBy: OWNER,
    });
    const line = await rig().store.findRef({ hash: command.hash, now: 1 });
    expect(line).toEqual({ ref, above: [] });
    expect(await rig().store.findRef({ hash: someHash(), now: 1 })).toBeUndefined();
    const { events } = await rig().store.replayFeed({ after: from, limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(["ref.updated"]);
    expect(JSON.parse(events[0]?.data ?? "")).toEqual({ ref });
    expect(JSON.stringify(events)).not.toContain(command.hash);
    await rig().reopen();
    expect(await rig().store.findRef({ hash: command.hash, now: 1 })).toEqual(line);
  });

  test("[S-25] a repetition answers the same grant, and the id with another secret is refused", async () => {
    const sessionId = await rig().session();
    const command = refCommand(sessionId);
    const first = await rig().store.createRef(command);
    expect(await rig().store.createRef(command)).toEqual({ value: first.value, replayed: true });
    const other = { ...command, hash: someHash() };
    expect(await refusalOf(rig().store.createRef(other))).toBe("CONFLICT");
    expect(await refusalOf(rig().store.createRef({ ...command, refId: newId("ref") }))).toBe("CONFLICT");
    expect(await refusalOf(rig().store.createRef(refCommand(newId("ses"))))).toBe("NOT_FOUND");
    const key = keyed("made");
    const made = await rig().store.createRef(refCommand(sessionId, { idempotency: key }));
    const again = await rig().store.createRef(refCommand(sessionId, { idempotency: key }));
    expect(again).toEqual({ value: made.value, replayed: true });
  });

  test("[S-15] a child has what its parent has, or less: wider rights and limits are refused", async () => {
    const sessionId = await rig().session();
    const now = Date.now();
    const parent = await makeRef(rig(), sessionId, {
      rights: ["approve", "share"],
      caveats: { expiresAt: now + DAY, maxUses: 3, tools: ["shell", "edit"], paths: ["src"] },
    });
    const below = (overrides: object) =>
      rig().store.createRef(
        refCommand(sessionId, { parentId: parent.id, rights: ["approve"], ...overrides }),
      );
    expect(
      await refusalsOf([
        below({ rights: ["prompt"] }),
        below({ caveats: { expiresAt: now + DAY + 1 } }),
        below({ caveats: { maxUses: 4 } }),
        below({ caveats: { tools: ["shell", "fetch"] } }),
        below({ caveats: { paths: ["."] } }),
        below({ caveats: { paths: ["src/../etc"] } }),
      ]),
    ).toEqual(Array(6).fill("REF_WIDENS"));
    const { value: child } = await below({ caveats: { tools: ["edit"], paths: ["src/a"] } });
    expect(child).toMatchObject({
      parentId: parent.id,
      rootId: parent.id,
      rights: ["read", "approve"],
      caveats: { expiresAt: now + DAY, maxUses: 3, tools: ["edit"], paths: ["src/a"] },
    });
    const reader = await makeRef(rig(), sessionId, { parentId: parent.id, rights: ["read"] });
    expect(reader.caveats).toEqual({ expiresAt: now + DAY, maxUses: 3 });
    const elsewhere = refCommand(await rig().session(), { parentId: parent.id, rights: ["read"] });
    expect(await refusalOf(rig().store.createRef(elsewhere))).toBe("NOT_FOUND");
  });

  test("[S-14] limits of tools and paths narrow approve alone, and are refused where prompt goes round them", async () => {
    const sessionId = await rig().session();
    const tools = { caveats: { tools: ["shell"] } };
    expect(
      await refusalsOf([
        makeRef(rig(), sessionId, { rights: ["prompt", "approve"], ...tools }),
        makeRef(rig(), sessionId, { rights: ["read"], caveats: { paths: ["src"] } }),
      ]),
    ).toEqual(["CAVEAT_UNENFORCEABLE", "CAVEAT_UNENFORCEABLE"]);
    const { id } = await makeRef(rig(), sessionId, { rights: ["approve", "share"], ...tools });
    const below = makeRef(rig(), sessionId, { parentId: id, rights: ["read"], ...tools });
    expect(await refusalOf(below)).toBe("CAVEAT_UNENFORCEABLE");
  });

  test("[S-13] ending a ref ends all below it, and nothing that is done through them is written any more", async () => {
    const sessionId = await rig().session();
    const root = await makeRef(rig(), sessionId);
    const child = await makeRef(rig(), sessionId, { parentId: root.id });
    const grandchild = await makeRef(rig(), sessionId, { parentId: child.id });
    const sibling = await makeRef(rig(), sessionId, { parentId: root.id });
    const revoke = { actor: OWNER, refId: child.id, reason: "left" };
    const { value } = await rig().store.revokeRef(revoke);
    expect(value.ref).toMatchObject({ ended: "revoked", revoked: { by: OWNER, reason: "left" } });
    expect([await endOf(grandchild.id), await endOf(sibling.id), await endOf(root.id)]).toEqual([
      "parentRevoked",
      undefined,
      undefined,
    ]);
    const told = rig().events.filter(
      ({ type, data }) => type === "ref.updated" && data.includes(grandchild.id),
    );
    expect(JSON.parse(told.at(-1)?.data ?? "")).toMatchObject({ ref: { ended: "parentRevoked" } });
    const again = await rig().store.revokeRef({ ...revoke, reason: "again" });
    expect(again.value.ref.revoked).toEqual(value.ref.revoked);
    const asked = rig().admission(sessionId, "x", through(grandchild.id));
    expect(await refusalOf(rig().store.admitInput(asked))).toBe("REF_NOT_VALID");
    expect(await rig().store.getInput(asked.inputId)).toBeUndefined();
    const child2 = makeRef(rig(), sessionId, { parentId: child.id });
    expect(await refusalOf(child2)).toBe("REF_NOT_VALID");
    expect(await auditOf(grandchild.id)).toEqual([]);
  });

  test("[S-16] what is done through a ref is in its audit and counted up its line; a repetition is not", async () => {
    const sessionId = await rig().session();
    const root = await makeRef(rig(), sessionId);
    const child = await makeRef(rig(), sessionId, { parentId: root.id, caveats: { maxUses: 1 } });
    const idempotency = { ...keyed("once"), actorId: child.id };
    const asked = rig().admission(sessionId, "x", { ...through(child.id), idempotency });
    const { value } = await rig().store.admitInput(asked);
    expect(value.input.actor).toEqual(through(child.id).actor);
    expect(await endOf(child.id)).toBe("exhausted");
    expect((await refNow(rig(), root.id)).uses).toBe(1);
    const again = await rig().store.admitInput({ ...asked, inputId: newId("inp") });
    expect([again.replayed, again.value.input.id]).toEqual([true, value.input.id]);
    const more = rig().store.admitInput(rig().admission(sessionId, "y", through(child.id)));
    expect(await refusalOf(more)).toBe("REF_NOT_VALID");
    expect(await auditOf(root.id)).toEqual([
      {
        refId: child.id,
        action: "input.admit",
        peer: "192.0.2.1",
        count: 1,
        first: expect.any(Number) as number,
        last: expect.any(Number) as number,
      },
    ]);
    const known = rig().events.findLast(
      ({ type, data }) => type === "ref.updated" && data.includes(child.id),
    );
    expect(JSON.parse(known?.data ?? "")).toMatchObject({ ref: { ended: "exhausted" } });
  });

  test("[S-16] uses of a child are uses of its parent, so that children do not make more of them", async () => {
    const sessionId = await rig().session();
    const root = await makeRef(rig(), sessionId, { caveats: { maxUses: 2 } });
    const children = [
      await makeRef(rig(), sessionId, { parentId: root.id }),
      await makeRef(rig(), sessionId, { parentId: root.id }),
    ];
    for (const { id } of children) await rig().admit(sessionId, "x", through(id));
    for (const { id } of children)
      expect(await refusalOf(rig().admit(sessionId, "x", through(id)))).toBe("REF_NOT_VALID");
  });

  test("[S-16] what is read is one row per peer and hour; guesses are counted; a reader uses up peers and days", async () => {
    const sessionId = await rig().session();
    const { id: refId } = await makeRef(rig(), sessionId, { rights: ["read"], caveats: { maxUses: 2 } });
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const look = { refId, action: "read", peer: "a", count: 2, first: hour, last: hour + 1 } as const;
    await rig().store.noteRefLooks({ looks: [look, { ...look, count: 1, last: hour + 9 }] });
    await rig().store.noteRefLooks({ looks: [{ ...look, peer: "b" }] });
    expect(await auditOf(refId)).toEqual([
      { ...look, peer: "b" },
      { ...look, count: 3, last: hour + 9 },
    ]);
    const before = await rig().store.refGuesses();
    const guess = { action: "refused", peer: "", count: 4, first: hour, last: hour } as const;
    await rig().store.noteRefLooks({ looks: [guess] });
    expect((await rig().store.refGuesses()).count).toBe(before.count + 4);
    for (const peer of ["a", "a", "b", "a"]) await rig().store.useRefToRead({ refId, peer });
    expect(await refusalOf(rig().store.useRefToRead({ refId, peer: "c" }))).toBe("REF_NOT_VALID");
    expect((await refNow(rig(), refId)).uses).toBe(2);
  });

  test("[S-15] a ref that was seen to have expired stays so when the clock is set back", async () => {
    const sessionId = await rig().session();
    const expiresAt = Date.now() - 1_000;
    const parent = await makeRef(rig(), sessionId, { caveats: { expiresAt } });
    const hash = someHash();
    const before = { hash, now: expiresAt - 1 };
    const other = await makeRef(rig(), sessionId, { hash, rights: ["read"], caveats: { expiresAt } });
    expect((await rig().store.findRef(before))?.ended).toBeUndefined();
    expect((await rig().store.findRef({ hash, now: expiresAt }))?.ended).toBe("expired");
    const look = { refId: other.id, action: "refused", peer: "a", count: 1, first: 1, last: 1 } as const;
    await rig().store.noteRefLooks({ looks: [{ ...look, detail: "expired" }] });
    expect((await rig().store.findRef(before))?.ended).toBe("expired");
    expect((await refNow(rig(), parent.id, expiresAt - 1)).ended).toBeUndefined();
  });

  test("[S-13] raising the epoch ends every ref of the session for good, and makes one that has every right", async () => {
    const sessionId = await rig().session();
    const old = await makeRef(rig(), sessionId);
    const other = await makeRef(rig(), await rig().session());
    const renew = { actor: OWNER, sessionId, from: 1, refId: newId("ref"), hash: someHash(), label: "new" };
    const { value } = await rig().store.renewRefs(renew);
    expect(value.ref).toMatchObject({ epoch: 2, rights: LIVE_RIGHTS, caveats: {} });
    expect([await endOf(old.id), await endOf(value.ref.id), await endOf(other.id)]).toEqual([
      "epoch",
      undefined,
      undefined,
    ]);
    expect(await rig().store.renewRefs(renew)).toMatchObject({ replayed: true, value: { ref: value.ref } });
    const late = { ...renew, refId: newId("ref"), hash: someHash() };
    expect(await refusalOf(rig().store.renewRefs(late))).toBe("CONFLICT");
    expect(await refusalOf(rig().admit(sessionId, "x", through(old.id)))).toBe("REF_NOT_VALID");
    expect((await makeRef(rig(), sessionId)).epoch).toBe(2);
  });

  test("[S-15] a ref that renews the session's refs gets what it had, and nothing beyond", async () => {
    const sessionId = await rig().session();
    const expiresAt = Date.now() + DAY;
    const above = await makeRef(rig(), sessionId, { rights: ["admin", "share"], caveats: { maxUses: 9 } });
    const { id } = await makeRef(rig(), sessionId, {
      parentId: above.id,
      rights: ["admin"],
      caveats: { expiresAt, maxUses: 3, audience: "Ada" },
    });
    await rig().admit(sessionId, "one", through(id));
    const renew = { sessionId, from: 1, refId: newId("ref"), hash: someHash(), label: "mine" };
    const { value } = await rig().store.renewRefs({ ...renew, ...through(id) });
    expect(value.ref).toMatchObject({
      epoch: 2,
      rights: ["read", "admin"],
      caveats: { expiresAt, maxUses: 3, audience: "Ada" },
      uses: 2,
    });
    expect([await endOf(above.id), await endOf(id)]).toEqual(["epoch", "epoch"]);
  });

  test("[S-24] a restore ends every ref of every session and gives the store a new id, and deleting a session ends those of it", async () => {
    const sessionId = await rig().session();
    const gone = await makeRef(rig(), sessionId);
    await rig().store.deleteSession({ actor: OWNER, sessionId });
    expect(await endOf(gone.id)).toBe("targetGone");
    const told = rig().events.findLast(({ type, data }) => type === "ref.updated" && data.includes(gone.id));
    expect(JSON.parse(told?.data ?? "")).toMatchObject({ ref: { ended: "targetGone" } });
    const kept = await makeRef(rig(), await rig().session());
    const { storeId } = rig().store;
    expect((await rig().store.markRestored({ actor: OWNER })).refs).toBeGreaterThan(1);
    expect((await refNow(rig(), kept.id)).revoked?.reason).toBe("restored");
    expect((await rig().store.markRestored({ actor: OWNER })).refs).toBe(0);
    await rig().reopen();
    expect(rig().store.storeId).not.toBe(storeId);
    expect(await endOf(kept.id)).toBe("revoked");
  });

  test("[S-28] ending a ref takes its queued inputs out, stops its turn, and lets those of others be", async () => {
    const sessionId = await rig().session();
    const root = await makeRef(rig(), sessionId);
    const child = await makeRef(rig(), sessionId, { parentId: root.id });
    await rig().admit(sessionId, "now", through(child.id));
    const run = await rig().start(sessionId);
    const theirs = await rig().admit(sessionId, "later", through(root.id));
    const mine = await rig().admit(sessionId, "mine");
    const { value } = await rig().store.revokeRef({ actor: OWNER, refId: root.id });
    expect(value.stopping).toEqual([run.turn.id]);
    expect((await rig().turn(run)).stopping).toBeDefined();
    expect((await rig().store.getInput(theirs.input.id))?.state).toBe("removed");
    expect((await rig().store.getInput(mine.input.id))?.state).toBe("queued");
    expect((await rig().readSession(sessionId)).queue).toEqual({ length: 1, paused: false });
    expect((await rig().finish(run)).reason).toBe("cancelled");
    expect((await rig().start(sessionId)).input.id).toBe(mine.input.id);
  });

  test("[S-28] with keepWork what was asked goes on", async () => {
    const sessionId = await rig().session();
    const { id: refId } = await makeRef(rig(), sessionId);
    await rig().admit(sessionId, "now", through(refId));
    const run = await rig().start(sessionId);
    const { value } = await rig().store.revokeRef({ actor: OWNER, refId, keepWork: true });
    expect(value.stopping).toEqual([]);
    expect((await rig().turn(run)).stopping).toBeUndefined();
  });

  test("[S-28] a turn of a ref asks, and so does what goes on from it, whatever the session's own mode is", async () => {
    const modeOf = async (sessionId: SessionId) => (await rig().store.nextTurn(sessionId))?.approvalMode;
    const sessionId = await rig().session({ approvalMode: "all" });
    const { id: refId } = await makeRef(rig(), sessionId);
    const asked = await rig().admit(sessionId, "x", through(refId));
    expect(await modeOf(sessionId)).toBe("ask");
    const run = await rig().start(sessionId);
    expect(run.session.approvalMode).toBe("ask");
    expect((await rig().readSession(sessionId)).approvalMode).toBe("all");
    await rig().finish(run, { state: "aborted", reason: "interrupted" });
    const system = { id: "system:turn", kind: "system", label: "turn" } as const;
    await rig().admit(sessionId, "go on", { actor: system, resumes: asked.turn.id });
    expect(await modeOf(sessionId)).toBe("ask");
    const resumed = await rig().start(sessionId);
    expect(resumed.session.approvalMode).toBe("ask");
    const { value } = await rig().store.revokeRef({ actor: OWNER, refId });
    expect(value.stopping).toEqual([resumed.turn.id]);
    await rig().finish(resumed);
    await rig().admit(sessionId, "mine");
    expect(await modeOf(sessionId)).toBe("all");
    const reading = await rig().session({ approvalMode: "readOnly" });
    await rig().admit(reading, "x", through((await makeRef(rig(), reading)).id));
    expect(await modeOf(reading)).toBe("readOnly");
  });

  test("[S-14] a comment is on a message of its session, told in the session's stream, and made once", async () => {
    const run = await rig().running();
    const sessionId = run.session.id;
    const command = {
      actor: OWNER,
      commentId: newId("cmt"),
      sessionId,
      on: run.message.info.id,
      text: "Why?",
    };
    const { value } = await rig().store.addComment(command);
    expect(value).toMatchObject({
      id: command.commentId,
      sessionId,
      on: command.on,
      text: "Why?",
      actor: OWNER,
    });
    expect(await rig().store.addComment(command)).toEqual({ value, replayed: true });
    const elsewhere = { ...command, commentId: newId("cmt"), sessionId: await rig().session() };
    expect(
      await refusalsOf([
        rig().store.addComment({ ...command, text: "Other" }),
        rig().store.addComment(elsewhere),
        rig().store.addComment({ ...command, commentId: newId("cmt"), on: newId("chg") }),
      ]),
    ).toEqual(["CONFLICT", "NOT_FOUND", "NOT_FOUND"]);
    await rig().store.addComment({ ...command, commentId: newId("cmt"), text: "And this?" });
    const first = await rig().store.listComments({ sessionId, limit: 1 });
    expect(first.items.map(({ text }) => text)).toEqual(["And this?"]);
    const second = await rig().store.listComments({ sessionId, limit: 1, before: first.next });
    expect(second.items).toEqual([value]);
    const { events } = await rig().store.replaySession({ sessionId, after: 0, limit: 500 });
    const told = events.filter(({ type }) => type === "comment.added");
    expect(told.map(({ data }) => JSON.parse(data) as unknown)).toContainEqual({ comment: value });
  });

  test("[I-21] of everything a reader of one session is replayed what is of that session", async () => {
    const [sessionId, other] = [await rig().session(), await rig().session()];
    await rig().admit(sessionId);
    await rig().admit(other);
    const after = rig().store.feedOrder.start;
    const { events } = await rig().store.replayFeed({ sessionId, after, limit: 1_000 });
    expect(new Set(events.map((event) => event.sessionId))).toEqual(new Set([sessionId]));
    expect(await rig().store.sessionOf("ref", (await makeRef(rig(), other)).id)).toBe(other);
    expect(await rig().store.sessionOf("turn", newId("trn"))).toBeUndefined();
  });
});
