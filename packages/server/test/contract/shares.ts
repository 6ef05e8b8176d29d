import { newId } from "@holdfast/kernel";
import { EMPTY_CHAIN, type ShareKey } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { delta, OWNER, placeOf, textPart } from "./rig.ts";
import { cleared, frozen, head, heldRef, marked, settled, shared } from "./share-rig.ts";
import { topic } from "./topic.ts";

export const sharesTopic = topic("shares", (rig) => {
  test("[S-3, S-20] a change marks its rows in its own transaction, each once, with a version that grows", async () => {
    const run = await rig().running();
    const of = await shared(rig(), run.session.id);
    await settled(rig(), of);
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "one "));
    await rig().append(run, delta(part, 4, "two "));
    const source = await rig().store.shareSource({ shareId: of.claim.shareId, limit: 10 });
    expect(source?.marks).toEqual([{ key: `part:${part.id}`, version: 3 }]);
    expect(source?.rows.find(({ row }) => row === "part")).toMatchObject({ part: { text: "one two " } });
    // Its message was not sent, so it comes along.
    expect(source?.rows.map(({ key }) => key)).toEqual([
      `message:${run.assistantMessageId}`,
      `part:${part.id}`,
    ]);
  });

  test("[S-3] a share that is made while a turn writes hears the next of its deltas", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await rig().append(run, delta(part, 0, "before "));
    const of = await shared(rig(), run.session.id);
    await rig().append(run, delta(part, 7, "after "));
    expect(await marked(rig(), of.claim)).toEqual([`part:${part.id}`]);
  });

  test("[S-3] the transaction of a change writes the mark or neither", async () => {
    const run = await rig().running();
    const of = await shared(rig(), run.session.id);
    await settled(rig(), of);
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    await cleared(rig(), of.claim);
    expect(await refusalOf(rig().append(run, delta(part, 0, "x"), delta(part, 9, "gap")))).toBe("CONFLICT");
    expect(await marked(rig(), of.claim)).toEqual([]);
  });

  test("[S-20] a mark that was raised while it was read stays, behind the others", async () => {
    const run = await rig().running();
    const of = await shared(rig(), run.session.id);
    await settled(rig(), of);
    const parts = [
      await rig().part(run, textPart(placeOf(run), "", { start: 1 })),
      await rig().part(run, textPart(placeOf(run), "", { start: 1 })),
    ] as const;
    const read = await rig().store.shareSource({ shareId: of.claim.shareId, limit: 10 });
    const marks = (read?.marks ?? []).filter(({ key }) => key === `part:${parts[0].id}`);
    await rig().append(run, delta(parts[0], 0, "meanwhile "));
    await rig().store.freezeShareBatch({ ...of.claim, marks, masks: [], blobs: [] });
    expect(await marked(rig(), of.claim)).toEqual(parts.toReversed().map(({ id }) => `part:${id}`));
  });

  test("[S-3] all keys are marked by pages, and paging goes on where it was", async () => {
    const sessionId = await rig().session({});
    for (const text of ["one", "two", "three"]) await rig().exchange(sessionId, text);
    const of = await shared(rig(), sessionId);
    await rig().store.beginShareStream({ ...of.claim, stream: newId("stm"), isResync: false });
    await rig().store.pageShare({ ...of.claim, limit: 2 });
    expect((await head(rig(), of.claim.shareId)).share.paging).toBe("1");
    while ((await head(rig(), of.claim.shareId)).share.paging !== undefined)
      await rig().store.pageShare({ ...of.claim, limit: 2 });
    const history = await rig().history(sessionId);
    const keys = history.flatMap(({ info, parts }) => [
      `message:${info.id}`,
      ...parts.map(({ id }) => `part:${id}`),
    ]);
    expect(new Set(await marked(rig(), of.claim))).toEqual(new Set(["session", "models", "usage", ...keys]));
    const { unsent } = await head(rig(), of.claim.shareId);
    expect(unsent).toBe(keys.length + 3);
  });

  test("[S-3, S-21] a frozen batch keeps its bytes over a restart, and its end is one transaction", async () => {
    const sessionId = await rig().session({});
    await rig().exchange(sessionId, "hi");
    const of = await shared(rig(), sessionId);
    await settled(rig(), of);
    const [first] = await rig().history(sessionId);
    const key = `message:${first?.info.id}`;
    const { id, chain, operation } = await frozen(rig(), of.claim, key, { hash: "h" });
    await rig().store.startShareBatch({ ...of.claim, batchId: id });
    expect(await refusalOf(frozen(rig(), of.claim, key, { hash: "h" }))).toBe("CONFLICT");
    await rig().reopen();
    const next = await rig().store.claimShare({ shareId: of.claim.shareId, nonce: "next" });
    const held = { ...of.claim, claim: next.claim };
    expect((await head(rig(), held.shareId)).batch).toMatchObject({ id, state: "pending", attempts: 1 });
    expect(await rig().store.shareBatch({ shareId: held.shareId, batchId: id })).toEqual([operation]);
    const stale = rig().store.ackShareBatch({ ...of.claim, batchId: id, chain, rejected: [], time: 1 });
    expect(await refusalOf(stale)).toBe("CLAIM_LOST");
    await rig().store.ackShareBatch({ ...held, batchId: id, chain, rejected: [], time: 1 });
    await rig().store.ackShareBatch({ ...held, batchId: id, chain, rejected: [], time: 1 });
    const after = await head(rig(), held.shareId);
    expect(after.batch).toBeUndefined();
    expect(after.share.stream).toMatchObject({ cursor: 1, chain });
    expect(await rig().store.listShareBatches(held.shareId)).toMatchObject([{ id, state: "acked" }]);
    expect(await rig().store.shareBatch({ shareId: held.shareId, batchId: id })).toEqual([]);
  });

  test("[S-22, S-20] a refused row counts as omitted; a message that is shown at last brings its parts", async () => {
    const sessionId = await rig().session({});
    await rig().exchange(sessionId, "hi");
    const of = await shared(rig(), sessionId);
    await settled(rig(), of);
    const [message] = await rig().history(sessionId);
    const key = `message:${message?.info.id}`;
    const one = await frozen(rig(), of.claim, key, { hash: "h" });
    const rejected = [one.operation.opId];
    await rig().store.ackShareBatch({ ...of.claim, batchId: one.id, chain: one.chain, rejected, time: 1 });
    expect((await rig().store.getShare(of.claim.shareId))?.omitted).toBe(1);
    const two = await frozen(rig(), of.claim, key, { hash: "g" });
    await rig().store.ackShareBatch({
      ...of.claim,
      batchId: two.id,
      chain: two.chain,
      rejected: [],
      time: 1,
    });
    expect((await rig().store.getShare(of.claim.shareId))?.omitted).toBe(0);
    expect(await marked(rig(), of.claim)).toEqual(message?.parts.map(({ id }) => `part:${id}`));
  });

  test("[S-7] a batch that was refused whole marks its keys again, and says which are omitted", async () => {
    const sessionId = await rig().session({});
    const of = await shared(rig(), sessionId);
    await settled(rig(), of);
    const { id } = await frozen(rig(), of.claim, "session", { hash: "h" });
    const error = { code: "OP_INVALID", message: "m", time: 1 };
    const omit = [{ key: "session", reason: "refused" as const }];
    await rig().store.dropShareBatch({ ...of.claim, batchId: id, error, omit });
    const source = await rig().store.shareSource({ shareId: of.claim.shareId, limit: 10 });
    expect(source?.marks.map(({ key }) => key)).toEqual(["session"]);
    expect(source?.withheld).toEqual({ session: "refused" });
    expect((await head(rig(), of.claim.shareId)).share.stream?.cursor).toBe(0);
  });

  test("[S-31] what is marked again before the first readers see a stream is to be sent before that", async () => {
    const sessionId = await rig().session({});
    await rig().exchange(sessionId, "hi");
    const of = await shared(rig(), sessionId);
    await settled(rig(), of, { committed: false });
    const { claim } = of;
    const unsent = async () => (await head(rig(), claim.shareId)).unsent;
    expect(await unsent()).toBe(0);
    const dropped = await frozen(rig(), claim, "session", { hash: "h" });
    const error = { code: "BLOB_MISSING", message: "m", time: 1 };
    await rig().store.dropShareBatch({ ...claim, batchId: dropped.id, error, omit: [] });
    expect(await unsent()).toBe(1);

    const sent = async (key: ShareKey) => {
      const { id: batchId, chain, operation } = await frozen(rig(), claim, key, { hash: "h" });
      return (isRejected: boolean) =>
        rig().store.ackShareBatch({
          ...claim,
          batchId,
          chain,
          rejected: isRejected ? [operation.opId] : [],
          time: 1,
        });
    };
    await (
      await sent("session")
    )(false);
    expect(await unsent()).toBe(0);
    const [message] = await rig().history(sessionId);
    const key: ShareKey = `message:${message?.info.id ?? ""}`;
    await (
      await sent(key)
    )(true);
    expect(await unsent()).toBe(0);
    await (
      await sent(key)
    )(false);
    expect(await unsent()).toBe(message?.parts.length);

    await cleared(rig(), claim);
    const masks = [{ number: 1, kind: "token", value: "secret" }];
    await rig().store.freezeShareBatch({ ...claim, marks: [], masks, blobs: [] });
    expect(await unsent()).toBe(2);
  });

  test("[S-26] a new mask marks all that was sent again", async () => {
    const sessionId = await rig().session({});
    const of = await shared(rig(), sessionId);
    await settled(rig(), of);
    const { id, chain } = await frozen(rig(), of.claim, "session", { hash: "h" });
    await rig().store.ackShareBatch({ ...of.claim, batchId: id, chain, rejected: [], time: 1 });
    const masks = [{ number: 1, kind: "token", value: "secret" }];
    await rig().store.freezeShareBatch({ ...of.claim, marks: [], masks, blobs: [] });
    expect(await marked(rig(), of.claim)).toEqual(["session"]);
    const source = await rig().store.shareSource({ shareId: of.claim.shareId, limit: 1 });
    expect(source?.masks).toEqual(masks);
  });

  test("[S-2, S-32] deleting a session takes its shares back in the same transaction, or keeps what was sent whole", async () => {
    const taken = await shared(rig(), await rig().session({}));
    await rig().store.deleteSession({ sessionId: taken.sessionId, actor: OWNER });
    const share = await rig().store.getShare(taken.claim.shareId);
    expect(share).toMatchObject({ state: "revoking", waiting: 0 });
    expect(share).not.toHaveProperty("sessionId");
    const kept = await shared(rig(), await rig().session({}));
    const keep = () =>
      rig().store.deleteSession({ sessionId: kept.sessionId, keepShares: true, actor: OWNER });
    expect(await refusalOf(keep())).toBe("CONFLICT");
    expect(await rig().store.getSession(kept.sessionId)).toBeDefined();
    await settled(rig(), kept);
    await keep();
    expect(await rig().store.getShare(kept.claim.shareId)).toMatchObject({ state: "detached" });
    const late = rig().store.settleShare({ ...kept.claim, change: { state: "live" } });
    await late;
    expect((await rig().store.getShare(kept.claim.shareId))?.state).toBe("detached");
  });

  test("[S-32] what is kept with a session is kept with its children too, or nothing is deleted", async () => {
    const parentId = await rig().session({});
    const child = await shared(rig(), await rig().session({ parentId }));
    const keep = () => rig().store.deleteSession({ sessionId: parentId, keepShares: true, actor: OWNER });
    expect(await refusalOf(keep())).toBe("CONFLICT");
    expect(await rig().store.getSession(child.sessionId)).toBeDefined();
    await settled(rig(), child);
    await keep();
    expect(await rig().store.getSession(child.sessionId)).toBeUndefined();
    expect(await rig().store.getShare(child.claim.shareId)).toMatchObject({ state: "detached" });
    const other = await rig().session({});
    const taken = await shared(rig(), await rig().session({ parentId: other }));
    await rig().store.deleteSession({ sessionId: other, actor: OWNER });
    expect(await rig().store.getShare(taken.claim.shareId)).toMatchObject({ state: "revoking" });
  });

  test("[S-30] a resync keeps what the service has of contents, and uploads none again", async () => {
    const of = await shared(rig(), await rig().session({}));
    await settled(rig(), of);
    const blobs = [
      { hash: "a".repeat(64), mime: "text/plain", bytes: Buffer.from("uploaded") },
      { hash: "b".repeat(64), mime: "text/plain", bytes: Buffer.from("waiting") },
    ];
    await rig().store.freezeShareBatch({ ...of.claim, marks: [], masks: [], blobs });
    await rig().store.settleShareBlob({ ...of.claim, hash: "a".repeat(64), uploaded: true });
    await rig().store.beginShareStream({ ...of.claim, stream: newId("stm"), isResync: true });
    const { shareId } = of.claim;
    const source = await rig().store.shareSource({ shareId, limit: 1 });
    expect(source?.blobs).toEqual(["a".repeat(64)]);
    expect((await head(rig(), shareId)).blob).toBeUndefined();
    expect(await rig().store.shareBlob({ shareId, hash: "a".repeat(64) })).toBeUndefined();
  });

  test("[S-20, S-32] who takes no marks any more gets none", async () => {
    const sessionId = await rig().session({});
    const of = await shared(rig(), sessionId);
    await rig().store.settleShare({ ...of.claim, change: { state: "expired" } });
    await rig().exchange(sessionId, "unseen");
    expect(await marked(rig(), of.claim)).toEqual([]);
    const paused = await shared(rig(), sessionId);
    await rig().store.changeShare({
      shareId: paused.claim.shareId,
      change: { state: "paused" },
      actor: OWNER,
    });
    await rig().store.patchSession({ sessionId, patch: { title: "Seen later" }, actor: OWNER });
    expect(await marked(rig(), paused.claim)).toContain("session");
  });

  test("[S-23] each sender gets a nonce of its own, and the ones before it", async () => {
    const { claim } = await shared(rig(), await rig().session({}));
    const second = await rig().store.claimShare({ shareId: claim.shareId, nonce: "b" });
    const third = await rig().store.claimShare({ shareId: claim.shareId, nonce: "c" });
    expect(third.earlier.slice(0, 1)).toEqual(["b"]);
    expect(third.earlier).toHaveLength(second.earlier.length + 1);
    expect(third.claim).toBe(claim.claim + 2);
  });

  test("[S-24, S-25] a forgetful service is told of everything again, its bumps in order and what came of them after", async () => {
    const of = await shared(rig(), await rig().session({}));
    const { shareId } = of.claim;
    const bump = { kind: "bump" as const, from: 1, owner: heldRef(), append: heldRef() };
    const dead = {
      kind: "mint" as const,
      ref: heldRef(),
      rights: ["read" as const],
      caveats: {},
      label: "old",
    };
    const lives = { ...dead, ref: heldRef(), label: "new" };
    await rig().store.changeShare({ shareId, change: {}, tasks: [dead, bump, lives], actor: OWNER });
    const end = async () => {
      const { task } = await head(rig(), shareId);
      await rig().store.endShareTask({ ...of.claim, number: task?.number ?? 0, state: "done" });
    };
    for (let count = 0; count < 3; count += 1) await end();
    expect((await head(rig(), shareId)).share).toMatchObject({ capabilityEpoch: 2, owner: bump.owner });
    await rig().store.repeatShareTasks({ ...of.claim, storeId: "restored" });
    expect((await head(rig(), shareId)).share).toMatchObject({ capabilityEpoch: 1, storeId: "restored" });
    const waiting = (await rig().store.listShareTasks(shareId)).filter(({ state }) => state === "pending");
    expect(waiting.map(({ task }) => (task.kind === "mint" ? task.label : task.kind))).toEqual([
      "create",
      "bump",
      "new",
    ]);
    for (let count = 0; count < 2; count += 1) await end();
    expect((await head(rig(), shareId)).share).toMatchObject({ capabilityEpoch: 2, append: bump.append });
  });

  test("[S-13, S-24] what a bump that waits is to end is not made again behind it", async () => {
    const of = await shared(rig(), await rig().session({}));
    const { shareId } = of.claim;
    const mint = { kind: "mint" as const, rights: ["read" as const], caveats: {} };
    const [dead, lives] = ["old", "new"].map((label) => ({ ...mint, ref: heldRef(), label }));
    const bump = { kind: "bump" as const, from: 1, owner: heldRef(), append: heldRef() };
    if (dead === undefined || lives === undefined) throw new Error("No refs.");
    const end = { kind: "revokeRef" as const, refId: dead.ref.refId };
    await rig().store.changeShare({ shareId, change: {}, tasks: [dead], actor: OWNER });
    const { task } = await head(rig(), shareId);
    await rig().store.endShareTask({ ...of.claim, number: task?.number ?? 0, state: "done" });
    await rig().store.changeShare({ shareId, change: {}, tasks: [end, bump, lives], actor: OWNER });
    await rig().store.repeatShareTasks({ ...of.claim, storeId: "restored" });
    const waiting = (await rig().store.listShareTasks(shareId)).filter(({ state }) => state === "pending");
    expect(waiting.map((each) => each.task)).toEqual([
      expect.objectContaining({ kind: "create" }),
      bump,
      lives,
    ]);
  });

  test("[S-13] knows of which share a ref is that it had made", async () => {
    const { claim } = await shared(rig(), await rig().session({}));
    const ref = { refId: newId("ref"), secretHash: "0".repeat(64) };
    const mint = { kind: "mint" as const, ref, rights: ["read" as const], caveats: {}, label: "" };
    await rig().store.changeShare({ shareId: claim.shareId, change: {}, tasks: [mint], actor: OWNER });
    expect(await rig().store.shareOfRef(ref.refId)).toBe(claim.shareId);
    expect(await rig().store.shareOfRef(newId("ref"))).toBeUndefined();
  });

  test("[S-6, S-33] a new stream forgets what was sent and frozen, and marks everything again", async () => {
    const of = await shared(rig(), await rig().session({}));
    await settled(rig(), of);
    await frozen(rig(), of.claim, "session", { hash: "h" });
    await rig().store.beginShareStream({ ...of.claim, stream: newId("stm"), isResync: true });
    const after = await head(rig(), of.claim.shareId);
    expect(after.batch).toBeUndefined();
    expect(after.share).toMatchObject({
      paging: "",
      stream: { cursor: 0, chain: EMPTY_CHAIN, committed: false },
    });
    expect(after.share.resyncs).toHaveLength(1);
    const told = async () => (await rig().store.getShare(of.claim.shareId))?.waiting;
    expect(await told(), "nothing is marked yet, and readers see what was sent before").toBe(1);
    await rig().store.settleShare({ ...of.claim, change: { begun: true, committed: true } });
    expect(await told()).toBe(0);
    expect((await head(rig(), of.claim.shareId)).share.resyncs).toEqual([]);
  });
});
