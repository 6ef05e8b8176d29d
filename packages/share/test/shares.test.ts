import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import {
  codeOf,
  dataOf,
  ids,
  KEY,
  message,
  newRef,
  PEER,
  Publisher,
  seen,
  session,
  text,
  world,
} from "./share-fixture.ts";

const OTHER_KEY = "another-key-".padEnd(40, "x");
const fresh = () => new Publisher(world({ keys: [KEY, OTHER_KEY] }));

test("[S-2] a share needs a publish key, and the same create again answers the same share", async () => {
  const publisher = fresh();
  const first = await publisher.create();
  expect(first.share).toMatchObject({
    id: publisher.shareId,
    state: "live",
    mode: "none",
    capabilityEpoch: 1,
  });
  expect(await publisher.create()).toEqual(first);
  const { owner, append, shareId } = publisher;
  const args = {
    shareId,
    title: "x",
    owner: { refId: owner.refId, secretHash: owner.secretHash },
    append: { refId: append.refId, secretHash: append.secretHash },
  };
  expect(await codeOf(publisher.call("createShare", args, OTHER_KEY))).toBe("CONFLICT");
  expect(await codeOf(publisher.call("createShare", args, owner.secret))).toBe("REF_NOT_VALID");
  const { refId, secretHash } = newRef();
  expect(await codeOf(publisher.call("createShare", { ...args, owner: { refId, secretHash } }, KEY))).toBe(
    "CONFLICT",
  );
});

test("[S-2] a key lists the shares that were made with it, and takes them back", async () => {
  const publisher = await fresh().started(session());
  expect((await publisher.call("listShares", {}, OTHER_KEY)).items).toEqual([]);
  expect((await publisher.call("listShares", {}, KEY)).items).toMatchObject([
    { id: publisher.shareId, mode: "ops" },
  ]);
  expect(await codeOf(publisher.call("revokeShare", {}, OTHER_KEY))).toBe("REF_NOT_VALID");
  await publisher.call("revokeShare", {}, KEY);
  expect((await publisher.call("listShares", {}, KEY)).items).toMatchObject([
    { state: "revoked", title: "" },
  ]);
});

test("[S-24] a share that was taken back is gone for readers, keeps nothing, and its id is never given again", async () => {
  const { messageId, partId } = ids();
  const publisher = await fresh().started(session(), message(messageId, 0), text(partId, messageId, "words"));
  const link = await publisher.link();
  const revoked = await publisher.call("revokeShare", {}, publisher.owner.secret);
  expect(revoked).toEqual({ share: { id: publisher.shareId, state: "revoked" } });
  expect(await publisher.call("revokeShare", {}, publisher.owner.secret)).toEqual(revoked);
  expect(await publisher.call("revokeShare", {}, KEY)).toEqual(revoked);
  expect(await codeOf(publisher.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  expect(await codeOf(publisher.publish(session()))).toBe("SHARE_GONE");
  expect(await codeOf(publisher.create())).toBe("SHARE_GONE");
  expect((await publisher.call("hello", {})).state).toBe("revoked");
  const rows = publisher.world.store.read((sql) =>
    ["stream", "item", "growth", "ledger", "comment", "blob"].map((table) =>
      sql.all(`SELECT * FROM ${table}`),
    ),
  );
  expect(rows.flat()).toEqual([]);
});

test("[S-24] a share that is taken back before its create arrives is gone when that comes late", async () => {
  const publisher = fresh();
  expect(await publisher.call("revokeShare", {}, KEY)).toMatchObject({ share: { state: "revoked" } });
  expect(await codeOf(publisher.create())).toBe("SHARE_GONE");
  expect(await codeOf(publisher.call("hello", {}))).toBe("REF_NOT_VALID");
});

test("[S-32] a share expires by the service's clock, is not revived by one set back, and its publisher learns it", async () => {
  const publisher = fresh();
  await publisher.create({ expiresAt: publisher.world.clock.now() + 60_000 });
  const started = Object.assign(publisher, {});
  await started.open();
  await started.begin();
  await started.publish(session());
  await started.commit();
  const link = await started.link();
  publisher.world.clock.advance(60_000);
  expect(await codeOf(started.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  publisher.world.clock.jump(-3_600_000);
  expect(await codeOf(started.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  expect((await started.call("hello", {})).state).toBe("expired");
  expect(await codeOf(started.publish(session()))).toBe("SHARE_GONE");
  expect(await dataOf(started.publish(session()))).toEqual({ state: "expired" });
  expect(await codeOf(started.call("updateShare", { expiresAt: null }, started.owner.secret))).toBe(
    "SHARE_GONE",
  );
  expect(publisher.world.store.read((sql) => sql.all("SELECT * FROM item"))).toEqual([]);
});

test("[S-32] its expiry can be moved while it lives, and a sweep writes down what nobody asked for", async () => {
  const publisher = await fresh().started(session());
  const now = publisher.world.clock.now();
  const changed = await publisher.call(
    "updateShare",
    { expiresAt: now + 1_000, title: "Renamed" },
    publisher.owner.secret,
  );
  expect(changed.share).toMatchObject({ title: "Renamed", expiresAt: now + 1_000 });
  expect(
    (await publisher.call("updateShare", { expiresAt: null }, publisher.owner.secret)).share.expiresAt,
  ).toBeUndefined();
  await publisher.call("updateShare", { expiresAt: now + 1_000 }, publisher.owner.secret);
  publisher.world.clock.advance(1_000);
  await publisher.world.store.run("sweep", {});
  expect(publisher.world.store.read((sql) => sql.get("SELECT state FROM share"))).toEqual({
    state: "expired",
  });
});

test("[S-33] a stream that nobody committed for a week is dropped, and counted until then", async () => {
  const publisher = await fresh().started(session());
  await publisher.begin();
  await publisher.publish(session("x".repeat(5_000)));
  const bytes = async () => (await publisher.call("listShares", {}, KEY)).items[0]?.bytes ?? 0;
  expect(await bytes()).toBeGreaterThan(5_000);
  publisher.world.clock.advance(7 * 86_400_000);
  await publisher.world.store.run("sweep", {});
  expect(await bytes()).toBeLessThan(1_000);
  expect(await codeOf(publisher.publish(session()))).toBe("STREAM_UNKNOWN");
  expect((await seen(publisher)).session?.title).toBe("A session");
});

test("[S-14] comments stand on what is shown, once by their id, and readers see who wrote them", async () => {
  const { messageId } = ids();
  const publisher = await fresh().started(session(), message(messageId, 0));
  const link = await publisher.link({ rights: ["comment"], label: "Ada" });
  const args = { id: newId("cmt"), on: messageId, text: "Look at this" };
  const made = await publisher.call("comment", args, link.secret);
  expect(made.by).toEqual({ refId: link.refId, label: "Ada" });
  expect(await publisher.call("comment", args, link.secret)).toEqual(made);
  expect(await codeOf(publisher.call("comment", { ...args, text: "other" }, link.secret))).toBe("CONFLICT");
  expect(
    await codeOf(publisher.call("comment", { ...args, id: newId("cmt"), on: newId("msg") }, link.secret)),
  ).toBe("NOT_FOUND");
  expect((await publisher.call("readComments", {}, publisher.owner.secret)).items).toEqual([made]);
});

test("[I-4] messages page both ways, chronological inside a page, the newest page first", async () => {
  const list = Array.from({ length: 5 }, () => newId("msg"));
  const publisher = await fresh().started(session(), ...list.map((id, at) => message(id, at)));
  const page = async (args: object) => {
    const { items, next, prev } = await publisher.call(
      "readMessages",
      { limit: 2, ...args },
      publisher.owner.secret,
    );
    return { ordinals: items.map(({ info }) => info.ordinal), next, prev };
  };
  const newest = await page({});
  expect(newest.ordinals).toEqual([3, 4]);
  expect(newest.prev).toBeUndefined();
  const middle = await page({ before: newest.next });
  expect(middle.ordinals).toEqual([1, 2]);
  const oldest = await page({ before: middle.next });
  expect(oldest).toMatchObject({ ordinals: [0], next: undefined });
  expect((await page({ after: middle.prev })).ordinals).toEqual([3, 4]);
  expect(await codeOf(page({ before: "nonsense" }))).toBe("CURSOR_INVALID");
});

test("[S-10] the same rows by operations and by whole state give the same session, in whatever order they came", async () => {
  const { messageId, partId } = ids();
  const rows = [session("Same"), message(messageId, 0), text(partId, messageId, "words")];
  const byOps = await fresh().started(...rows);
  const { service } = byOps.world;
  const { id, secret } = await service.createWhole({ bearer: KEY, peer: PEER }, { isPublic: false });
  const data = rows.toReversed().map(({ payload }) => {
    const [type, row] = Object.entries(payload)[0] as [string, unknown];
    return { type, data: row };
  });
  const whole = Object.assign(new Publisher(byOps.world), { shareId: id });
  await whole.call("syncShare", { data: data as never }, secret);
  expect(await seen(whole, secret)).toEqual(await seen(byOps));
  await whole.call("syncShare", { data: data as never }, secret);
  expect(await seen(whole, secret)).toEqual(await seen(byOps));
  const read = await service.readWhole(id, { bearer: secret, peer: PEER });
  expect(read?.data.map(({ type }) => type).toSorted()).toEqual(["message", "part", "session"]);
  expect(await codeOf(service.readWhole(id, { peer: PEER }))).toBe("REF_NOT_VALID");
});

test("[S-10] a share is written in the way of its first write, and in no other", async () => {
  const publisher = await fresh().started(session());
  const data = [{ type: "session" as const, data: session("x").payload["session"] as never }];
  expect(await codeOf(publisher.call("syncShare", { data }))).toBe("SHARE_MODE");
  const { service } = publisher.world;
  const { id, secret } = await service.createWhole({ bearer: KEY, peer: PEER }, { isPublic: true });
  const whole = Object.assign(new Publisher(publisher.world), { shareId: id });
  await whole.call("syncShare", { data }, secret);
  const args = { stream: newId("stm"), writerEpoch: 0, capabilityEpoch: 1 };
  expect(await codeOf(whole.call("beginStream", args, secret))).toBe("SHARE_MODE");
  expect((await service.readWhole(id, { peer: PEER }))?.title).toBe("x");
});
