import { createHash } from "node:crypto";
import { newId, secretHash } from "@holdfast/kernel";
import { finishRestore, memoryBlobs } from "@holdfast/share";
import { expect, test } from "vitest";
import {
  codeOf,
  dataOf,
  delta,
  ids,
  KEY,
  message,
  Publisher,
  seen,
  session,
  text,
  world,
} from "./share-fixture.ts";

const fresh = () => new Publisher(world());

test("[S-6] readers see the old stream until the commit of the new one, and hello says where both are", async () => {
  const { messageId, partId } = ids();
  const publisher = await fresh().started(
    session("old"),
    message(messageId, 0),
    text(partId, messageId, "old"),
  );
  const before = publisher.stream;
  await publisher.begin();
  await publisher.publish(session("new"));
  expect((await seen(publisher)).session?.title).toBe("old");
  const hello = await publisher.call("hello", {});
  expect(hello).toMatchObject({
    state: "live",
    writerEpoch: 1,
    capabilityEpoch: 1,
    live: { stream: before, cursor: 3 },
    staged: { stream: publisher.stream, cursor: 1, chain: publisher.chain },
  });
  await publisher.commit();
  expect(await seen(publisher)).toMatchObject({ session: { title: "new" }, items: [] });
  expect((await publisher.call("hello", {})).staged).toBeUndefined();
});

test("[S-6] a begin and a commit that come again change nothing, and one of a stream that was replaced does not bring it back", async () => {
  const publisher = await fresh().started(session("old"));
  const first = await publisher.call("beginStream", { stream: publisher.stream, ...publisher.epochs });
  expect(first).toMatchObject({ stream: publisher.stream, cursor: 1 });
  await publisher.begin();
  const replaced = publisher.stream;
  await publisher.publish(session("lost"));
  await publisher.begin();
  await publisher.publish(session("new"));
  const again = { stream: publisher.stream, ...publisher.epochs };
  expect(await publisher.call("beginStream", again)).toMatchObject({ cursor: 1, chain: publisher.chain });
  expect(await codeOf(publisher.call("beginStream", { ...again, stream: replaced }))).toBe("STREAM_UNKNOWN");
  const done = await publisher.commit();
  expect(await publisher.commit()).toEqual(done);
  expect((await seen(publisher)).session?.title).toBe("new");
});

test("[S-6] a commit of less or other than what the service has is refused", async () => {
  const publisher = fresh();
  await publisher.create();
  await publisher.open();
  await publisher.begin();
  await publisher.publish(session());
  const { stream, cursor, chain, epochs } = publisher;
  const commit = (more: object) =>
    publisher.call("commitStream", { stream, cursor, chain, ...epochs, ...more });
  expect(await dataOf(commit({ cursor: 2 }))).toEqual({ actual: 1 });
  expect(await codeOf(commit({ chain: "f".repeat(64) }))).toBe("CHAIN_MISMATCH");
  expect(await codeOf(commit({ stream: newId("stm") }))).toBe("STREAM_UNKNOWN");
  expect((await seen(publisher)).session).toBeUndefined();
});

test("[S-31] a commit keeps the place of what is the same, also of a part that had grown, and tells what differs", async () => {
  const { messageId, partId } = ids();
  const [gone, other] = [ids(), ids()];
  const publisher = await fresh().started(
    session(),
    message(messageId, 0),
    text(partId, messageId, "one"),
    message(gone.messageId, 1),
    text(gone.partId, gone.messageId, "gone"),
    message(other.messageId, 2),
    text(other.partId, other.messageId, "old"),
  );
  await publisher.publish(delta(partId, messageId, 3, " two"));
  const places = () =>
    publisher.world.store.read((sql) =>
      Object.fromEntries(
        sql.all<{ key: string; seq: number }>("SELECT key, seq FROM item").map(({ key, seq }) => [key, seq]),
      ),
    );
  const before = places();
  const notes: unknown[] = [];
  publisher.world.store.onNotes((told) => notes.push(...told));
  await publisher.begin();
  await publisher.publish(
    session(),
    message(messageId, 0),
    text(partId, messageId, "one two"),
    message(other.messageId, 2),
    text(other.partId, other.messageId, "new"),
  );
  expect(notes).toEqual([]);
  await publisher.commit();
  const after = places();
  expect(after["session"]).toBe(before["session"]);
  expect(after[`part:${partId}`]).toBe(before[`part:${partId}`]);
  expect(notes).toMatchObject([
    {
      kind: "events",
      events: [
        { type: "message.part.updated", seq: 9 },
        { type: "message.removed", seq: 10 },
      ],
    },
  ]);
});

test("[S-23] a writer is handed over only by the holder's own nonces, and a repeated nonce that holds gets the same answer", async () => {
  const publisher = fresh();
  await publisher.create();
  await publisher.open();
  await publisher.open();
  expect(publisher.writerEpoch).toBe(1);
  const first = publisher.nonce;
  const next = secretHash("next");
  const asNext = { publisher: publisher.publisherId, nonce: next, earlier: [first] };
  expect(await publisher.call("openWriter", asNext)).toEqual({ writerEpoch: 2 });
  expect(await codeOf(publisher.call("openWriter", { ...asNext, nonce: first, earlier: [next] }))).toBe(
    "WRITER_FENCED",
  );
  const stranger = { publisher: newId("pub"), nonce: secretHash("stranger"), earlier: [] };
  expect(await codeOf(publisher.call("openWriter", stranger))).toBe("WRITER_FENCED");
  expect(await publisher.call("openWriter", { ...stranger, adopt: true })).toEqual({ writerEpoch: 3 });
  expect(await publisher.call("openWriter", { ...stranger, adopt: true })).toEqual({ writerEpoch: 3 });
  expect(
    await publisher.call("openWriter", {
      ...asNext,
      nonce: secretHash("mine again"),
      earlier: [first, next, stranger.nonce],
    }),
  ).toEqual({ writerEpoch: 4 });
  expect(await codeOf(publisher.call("openWriter", { ...stranger, adopt: true }))).toBe("WRITER_FENCED");
});

test("[S-23] of two copies of one directory exactly one goes on", async () => {
  const publisher = fresh();
  await publisher.create();
  await publisher.open();
  const copies = ["one", "two"].map((name) => ({ nonce: secretHash(name), earlier: [publisher.nonce] }));
  const codes: unknown[] = [];
  for (const copy of [...copies, ...copies])
    codes.push(await codeOf(publisher.call("openWriter", { publisher: publisher.publisherId, ...copy })));
  expect(codes).toEqual([undefined, "WRITER_FENCED", undefined, "WRITER_FENCED"]);
});

test("[S-8] a fenced writer's batch changes nothing, and one that was under way is taken from the new holder", async () => {
  const publisher = await fresh().started(session("mine"));
  const batch = publisher.freeze([session("late")]);
  const nonce = secretHash("next start");
  const { writerEpoch } = await publisher.call("openWriter", {
    publisher: publisher.publisherId,
    nonce,
    earlier: [publisher.nonce],
  });
  expect(await codeOf(publisher.call("appendOps", batch))).toBe("WRITER_FENCED");
  expect((await seen(publisher)).session?.title).toBe("mine");
  expect(await publisher.call("appendOps", { ...batch, writerEpoch })).toMatchObject({ applied: 1 });
});

test("[S-24] after a restore of the service a share is hidden until its publisher confirms it, and other stores' cursors are told", async () => {
  const publisher = await fresh().started(session());
  const link = await publisher.link();
  const below = await publisher.link(
    { rights: ["read"] },
    await publisher.link({ rights: ["read", "share"] }),
  );
  const before = publisher.world.store.storeId();
  await publisher.world.store.run("renewStore", {});
  const hello = await publisher.call("hello", {});
  expect(hello.state).toBe("hidden");
  expect(hello.storeId).not.toBe(before);
  expect(await codeOf(publisher.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  // Whoever writes hears of it, and not that another one does.
  publisher.writerEpoch += 1;
  expect(await codeOf(publisher.publish(session("two")))).toBe("STREAM_UNKNOWN");
  publisher.writerEpoch -= 1;
  await publisher.create();
  expect((await publisher.call("hello", {})).state).toBe("hidden");
  await publisher.call("confirmShare", {}, KEY);
  expect((await publisher.call("readSession", {}, link.secret)).session?.title).toBe("A session");
  expect(await codeOf(publisher.call("readSession", {}, below.secret))).toBe("REF_NOT_VALID");
});

test("[S-9, S-24] a stream is sent anew when a content that it shows did not come along with a copy, and no other stream is", async () => {
  const publisher = await fresh().started(session());
  const { messageId, partId } = ids();
  const bytes = Buffer.from("a picture");
  const hash = createHash("sha256").update(bytes).digest("hex");
  const { shareId, world: first } = publisher;
  const caller = { bearer: publisher.append.secret, peer: "192.0.2.1" };
  await first.service.putBlob({ shareId, hash, bytes, caller });
  const chainIn = async (blobs = memoryBlobs()) => {
    const restored = world({ from: first.bytes(), clock: first.clock, blobs });
    await finishRestore(restored.store);
    return (await restored.service.call("hello", { shareId, args: {}, caller })).live?.chain;
  };
  expect(await chainIn()).toBe(publisher.chain);
  const part = { id: partId, messageId, ordinal: 0, type: "file", mime: "image/png", blob: `sha256:${hash}` };
  await publisher.publish(message(messageId, 0), { type: "message.part.updated", payload: { part } });
  expect(await chainIn(first.blobs)).toBe(publisher.chain);
  expect(await chainIn()).not.toBe(publisher.chain);
});

test("[S-6] a share goes on from an older copy of the service by a resync, and both sides agree again", async () => {
  const publisher = await fresh().started(session("one"));
  const copy = publisher.world.bytes();
  await publisher.publish(session("two"));
  const restored = world({ from: copy, clock: publisher.world.clock, blobs: publisher.world.blobs });
  const again = Object.assign(Object.create(Publisher.prototype) as Publisher, publisher, {
    world: restored,
  });
  expect(await codeOf(again.publish(session("three")))).toBe("SEQ_GAP");
  expect((await again.call("hello", {})).live?.cursor).toBe(1);
  await again.begin();
  await again.publish(session("three"));
  await again.commit();
  expect((await seen(again)).session?.title).toBe("three");
});
