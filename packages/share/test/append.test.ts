import { createHash } from "node:crypto";
import { newId, payloadHash } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import {
  chainOf,
  codeOf,
  dataOf,
  delta,
  type Draft,
  ids,
  message,
  Publisher,
  seen,
  session,
  text,
  world,
} from "./share-fixture.ts";

const started = (...drafts: Draft[]) => new Publisher(world()).started(...drafts);

describe("exactly once", () => {
  test("[S-7] a batch whose answer was lost is a duplicate with the same cursor, and is applied once", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0), text(partId, messageId, "one"));
    const batch = publisher.freeze([delta(partId, messageId, 3, " two")]);
    const first = await publisher.call("appendOps", batch);
    expect(first).toMatchObject({ cursor: 4, applied: 1, duplicates: 0, chain: chainOf(batch) });
    const again = await publisher.send(batch);
    expect(again).toMatchObject({ cursor: 4, applied: 0, duplicates: 1, chain: chainOf(batch) });
    expect((await seen(publisher)).items[0]?.parts).toMatchObject([{ text: "one two" }]);
  });

  test("[S-7] the id of an operation with another payload is refused, and nothing of that batch is stored", async () => {
    const publisher = await started(session());
    const batch = publisher.freeze([session("first")]);
    await publisher.call("appendOps", batch);
    const payload = session("second").payload;
    const ops = batch.ops.map((op) => ({ ...op, payload, payloadHash: payloadHash(payload) }));
    expect(await codeOf(publisher.call("appendOps", { ...batch, ops }))).toBe("OP_ID_REUSED");
    expect((await seen(publisher)).session?.title).toBe("first");
  });

  test("[S-22] known operations at the head count as duplicates, and what follows has to go on from the cursor", async () => {
    const publisher = await started(session());
    const both = publisher.freeze([session("one"), session("two")]);
    const head = { ...both, ops: both.ops.slice(0, 1) };
    await publisher.call("appendOps", head);
    const answer = await publisher.call("appendOps", both);
    expect(answer.results.map(({ outcome }) => outcome)).toEqual(["duplicate", "applied"]);
    expect(answer).toMatchObject({ cursor: 3, applied: 1, duplicates: 1, rejected: 0 });
  });

  test("[S-7] a gap names the seq that is missing, and other operations at a used seq name the cursor", async () => {
    const publisher = await started(session());
    const gap = publisher.freeze([session("late")]);
    const ops = gap.ops.map((op) => ({ ...op, seq: op.seq + 1 }));
    expect(await dataOf(publisher.call("appendOps", { ...gap, ops, expectedCursor: 2 }))).toEqual({
      expected: 2,
    });
    const other = publisher.freeze([session("other")]);
    await publisher.send(publisher.freeze([session("mine")]));
    expect(await codeOf(publisher.call("appendOps", other))).toBe("CURSOR_CONFLICT");
    expect(await dataOf(publisher.call("appendOps", other))).toEqual({ actual: 2 });
    expect((await seen(publisher)).session?.title).toBe("mine");
  });

  test("[S-22] a sender that had other operations before is told by the chain", async () => {
    const publisher = await started(session());
    const batch = publisher.freeze([session("next")], { previousChain: "f".repeat(64) });
    expect(await codeOf(publisher.call("appendOps", batch))).toBe("CHAIN_MISMATCH");
    const good = publisher.freeze([session("next")]);
    await publisher.call("appendOps", good);
    expect(await codeOf(publisher.call("appendOps", { ...good, previousChain: "e".repeat(64) }))).toBe(
      "CHAIN_MISMATCH",
    );
  });

  test("[S-7] below what the ledger remembers, stream and seq decide", async () => {
    const publisher = await started(session());
    const old = publisher.freeze([session("old")]);
    await publisher.send(old);
    for (let round = 0; round < 51; round += 1)
      await publisher.publish(...Array.from({ length: 200 }, (_, at) => session(`${round}.${at}`)));
    const answer = await publisher.call("appendOps", old);
    expect(answer).toMatchObject({ duplicates: 1, applied: 0, cursor: publisher.cursor });
    const count = publisher.world.store.read((sql) =>
      sql.get<{ n: number }>("SELECT count(*) AS n FROM ledger"),
    );
    expect(count?.n).toBe(10_000);
  });
});

describe("order of refusals", () => {
  test("[S-7] stale refs come before another writer, that before an unknown stream, and that before the operations", async () => {
    const publisher = await started(session());
    const wrong = publisher.freeze([session("x")], {
      capabilityEpoch: 9,
      writerEpoch: 9,
      stream: newId("stm"),
      previousChain: "f".repeat(64),
    });
    const code = (more: object) => codeOf(publisher.call("appendOps", { ...wrong, ...more }));
    expect(await code({})).toBe("EPOCH_STALE");
    expect(await code({ capabilityEpoch: 1 })).toBe("WRITER_FENCED");
    expect(await code({ capabilityEpoch: 1, writerEpoch: 1 })).toBe("STREAM_UNKNOWN");
    expect(await code({ capabilityEpoch: 1, writerEpoch: 1, stream: publisher.stream })).toBe(
      "CHAIN_MISMATCH",
    );
  });

  test.each<[string, (op: Record<string, unknown>) => Record<string, unknown>]>([
    ["is of another batch", (op) => ({ ...op, batchId: newId("bat") })],
    ["does not follow", (op) => ({ ...op, seq: 7 })],
    ["has another hash", (op) => ({ ...op, payloadHash: "0".repeat(64) })],
  ])("[S-22] an operation that %s refuses the batch and names its index", async (_, spoil) => {
    const publisher = await started(session());
    const batch = publisher.freeze([session("one"), session("two")]);
    const ops = batch.ops.map((op, at) => (at === 1 ? (spoil(op) as typeof op) : op));
    expect(await codeOf(publisher.call("appendOps", { ...batch, ops }))).toBe("OP_INVALID");
    expect(await dataOf(publisher.call("appendOps", { ...batch, ops }))).toEqual({ index: 1 });
    expect((await seen(publisher)).session?.title).toBe("A session");
  });
});

describe("operations that are rejected", () => {
  const wrong: Draft = {
    type: "session.updated",
    payload: { session: { title: "x", secret: "no field of ours" } },
  };

  test("[S-22] a bad payload rejects its operation alone: its seq is used, its key is omitted, and a replay says the same", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0));
    const bad: Draft = {
      type: "message.part.updated",
      payload: { part: { id: partId, messageId, type: "text", text: 7 } },
    };
    const batch = publisher.freeze([wrong, bad, text(newId("prt"), messageId, "good")]);
    const answer = await publisher.call("appendOps", batch);
    expect(answer).toMatchObject({ cursor: 5, applied: 1, rejected: 2, duplicates: 0 });
    expect(answer.results[0]).toMatchObject({ outcome: "rejected", code: "OP_INVALID" });
    const shown = await seen(publisher);
    expect(shown.session).toBeUndefined();
    expect(shown.omitted).toEqual([{ key: "session", reason: "refused" }]);
    expect(shown.items[0]?.omitted).toEqual([{ key: `part:${partId}`, reason: "refused" }]);
    expect(shown.items[0]?.parts).toHaveLength(1);
    const again = await publisher.send(batch);
    expect(again.results.map(({ outcome }) => outcome)).toEqual(["rejected", "rejected", "duplicate"]);
    await publisher.publish(session("back"));
    expect((await seen(publisher)).omitted).toEqual([]);
  });

  test("[S-22] what depends on a missing row or a rejected operation is rejected with it, and nothing else", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session());
    const lost = text(partId, newId("msg"), "of no message");
    const batch = publisher.freeze([wrong, message(messageId, 0), session("kept"), session("also")]);
    const [first] = batch.ops;
    const ops = batch.ops.map((op, at) =>
      at === 2
        ? { ...op, dependsOn: [`op:${first?.opId}`] }
        : at === 3
          ? { ...op, dependsOn: [`key:part:${partId}`] }
          : op,
    );
    const answer = await publisher.send({ ...batch, ops });
    expect(answer.results.map(({ outcome, code }) => code ?? outcome)).toEqual([
      "OP_INVALID",
      "applied",
      "DEPENDENCY_UNMET",
      "DEPENDENCY_UNMET",
    ]);
    expect((await publisher.publish(lost)).results[0]?.code).toBe("DEPENDENCY_UNMET");
  });

  test("[S-4] a delta that does not begin where the text ends is rejected, and the whole part mends it", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0), text(partId, messageId, "one"));
    await publisher.publish(delta(partId, messageId, 3, " two"));
    const answer = await publisher.publish(
      delta(partId, messageId, 4, "x"),
      text(partId, messageId, "one two three"),
    );
    expect(answer.results.map(({ outcome }) => outcome)).toEqual(["rejected", "applied"]);
    expect((await seen(publisher)).items[0]?.parts).toMatchObject([{ text: "one two three" }]);
    const rest = publisher.world.store.read((sql) =>
      sql.get<{ n: number }>("SELECT count(*) AS n FROM growth"),
    );
    expect(rest?.n).toBe(0);
  });
});

describe("what operations do", () => {
  test("[S-20] removing a message takes its parts along, and removing what is not there changes nothing", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0), text(partId, messageId, "gone"));
    const gone: Draft = { type: "message.removed", payload: { messageId } };
    expect(await publisher.publish(gone, gone)).toMatchObject({ applied: 2, rejected: 0 });
    expect((await seen(publisher)).items).toEqual([]);
    const left = publisher.world.store.read((sql) => sql.all<{ key: string }>("SELECT key FROM item"));
    expect(left).toEqual([{ key: "session" }]);
  });

  test("[S-26] a part that is sent whole again leaves nothing of its old text in the store", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0), text(partId, messageId, "sk-SECRET-"));
    await publisher.publish(delta(partId, messageId, 10, "hunter2"));
    await publisher.publish(text(partId, messageId, "[masked 1]"));
    const bytes = Buffer.from(
      publisher.world.store.read((sql) =>
        JSON.stringify([
          sql.all("SELECT * FROM item"),
          sql.all("SELECT * FROM growth"),
          sql.all("SELECT * FROM ledger"),
        ]),
      ),
    );
    expect(bytes.includes("SECRET")).toBe(false);
    expect(bytes.includes("hunter2")).toBe(false);
  });

  test("[S-9] a batch that needs a blob is refused until it is there, and is then taken as it is", async () => {
    const { messageId, partId } = ids();
    const publisher = await started(session(), message(messageId, 0));
    const bytes = Buffer.from("a picture");
    const hash = createHash("sha256").update(bytes).digest("hex");
    const file: Draft = {
      type: "message.part.updated",
      payload: {
        part: { id: partId, messageId, ordinal: 0, type: "file", mime: "image/png", blob: `sha256:${hash}` },
      },
    };
    const batch = publisher.freeze([file]);
    expect(await dataOf(publisher.call("appendOps", batch))).toEqual({ missing: [`sha256:${hash}`] });
    const { service } = publisher.world;
    const caller = { bearer: publisher.append.secret, peer: "192.0.2.1" };
    const { shareId } = publisher;
    expect(await codeOf(service.putBlob({ shareId, hash: "0".repeat(64), bytes, caller }))).toBe(
      "INVALID_REQUEST",
    );
    await service.putBlob({ shareId, hash, bytes, caller });
    expect(await publisher.send(batch)).toMatchObject({ applied: 1 });
    const reader = { bearer: publisher.owner.secret, peer: "192.0.2.1" };
    expect(await service.getBlob({ shareId, hash, caller: reader })).toEqual({ bytes, mime: "image/png" });
    await publisher.publish({ type: "message.part.removed", payload: { messageId, partId } });
    expect(await codeOf(service.getBlob({ shareId, hash, caller: reader }))).toBe("NOT_FOUND");
    await service.stop();
    expect(await publisher.world.blobs.list(shareId)).toEqual([]);
  });

  test("[S-9] a content that a row of a batch gives up stays for a later one that shows it", async () => {
    const [first, next] = [ids(), ids()];
    const publisher = await started(session(), message(first.messageId, 0));
    const bytes = Buffer.from("a picture");
    const hash = createHash("sha256").update(bytes).digest("hex");
    const file = ({ messageId, partId }: ReturnType<typeof ids>): Draft => ({
      type: "message.part.updated",
      payload: {
        part: { id: partId, messageId, ordinal: 0, type: "file", mime: "image/png", blob: `sha256:${hash}` },
      },
    });
    const { shareId, world } = publisher;
    const caller = { bearer: publisher.append.secret, peer: "192.0.2.1" };
    await world.service.putBlob({ shareId, hash, bytes, caller });
    await publisher.publish(file(first));
    const removal: Draft = { type: "message.removed", payload: { messageId: first.messageId } };
    await publisher.publish(removal, message(next.messageId, 1), file(next));
    const reader = { bearer: publisher.owner.secret, peer: "192.0.2.1" };
    expect(await world.service.getBlob({ shareId, hash, caller: reader })).toEqual({
      bytes,
      mime: "image/png",
    });
    await world.service.stop();
    expect(await world.blobs.list(shareId)).toEqual([hash]);
  });

  test("[S-9] a share has no room beyond its quota, and a refused batch changes nothing", async () => {
    const publisher = await new Publisher(world({ quotaBytes: 2_000 })).started(session());
    expect(await codeOf(publisher.publish(session("x".repeat(3_000))))).toBe("QUOTA_EXCEEDED");
    expect((await seen(publisher)).session?.title).toBe("A session");
    expect(await publisher.publish(session("small"))).toMatchObject({ cursor: 2 });
  });
});
