/** Every number of the rules is refused by a code of its own, one beyond it. */
import { DatabaseSync } from "node:sqlite";
import { newId } from "@holdfast/kernel";
import { MAX_BATCH_BYTES, MAX_SHARE_BLOB_BYTES } from "@holdfast/protocol";
import type { ShareSink } from "@holdfast/share";
import { describe, expect, test } from "vitest";
import {
  codeOf,
  dataOf,
  ids,
  KEY,
  message,
  newRef,
  PEER,
  Publisher,
  session,
  text,
  world,
} from "./share-fixture.ts";

const started = (options: Parameters<typeof world>[0] = {}) =>
  new Publisher(world(options)).started(session());
const bare = ({ refId, secretHash }: ReturnType<typeof newRef>) => ({ refId, secretHash });

/** The publisher with a database to which rows were added by hand. */
async function withRows(publisher: Publisher, sql: string): Promise<Publisher> {
  const database = new DatabaseSync(":memory:");
  database.deserialize(publisher.world.bytes());
  database.exec(
    `WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 10000) ${sql}`,
  );
  const target = world({ from: database.serialize(), clock: publisher.world.clock });
  database.close();
  return Object.assign(Object.create(publisher) as Publisher, { world: target });
}

const silent: ShareSink = {
  control: () => undefined,
  deliver: () => undefined,
  backlog: () => 0,
  drained: () => Promise.resolve(),
  end: () => undefined,
  onLeave: () => undefined,
};

describe("limits of a share", () => {
  test("[S-3, S-7] a batch has 200 operations and a mebibyte, and a refused one changes nothing", async () => {
    const publisher = await started();
    const long = Array.from({ length: 201 }, () => session());
    expect(await codeOf(publisher.publish(...long))).toBe("INVALID_REQUEST");
    const { messageId } = ids();
    const half = "x".repeat(MAX_BATCH_BYTES / 2);
    const big = [message(messageId, 0), ...[0, 1].map((at) => text(newId("prt"), messageId, half, at))];
    expect(await codeOf(publisher.publish(...big))).toBe("TOO_LARGE");
    expect(await publisher.publish(...big.slice(0, 2))).toMatchObject({ cursor: 3, applied: 2 });
    expect(await publisher.publish(...long.slice(1))).toMatchObject({ applied: 200 });
  });

  test("[S-9] a content has 25 MiB, and counts in the quota", async () => {
    const publisher = await started({ quotaBytes: 1_000 });
    const { service } = publisher.world;
    const put = (bytes: Uint8Array, hash = "0".repeat(64)) =>
      service.putBlob({
        shareId: publisher.shareId,
        hash,
        bytes,
        caller: { bearer: publisher.append.secret, peer: PEER },
      });
    expect(await codeOf(put(new Uint8Array(MAX_SHARE_BLOB_BYTES + 1)))).toBe("TOO_LARGE");
    const bytes = new Uint8Array(1_000);
    const hash = "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53";
    expect(await codeOf(put(bytes, hash))).toBe("QUOTA_EXCEEDED");
    expect(await dataOf(put(bytes, hash))).toEqual({ quota: 1_000 });
    expect(publisher.world.store.read((sql) => sql.all("SELECT * FROM blob"))).toEqual([]);
  });

  test("[S-9] a share has 10,000 comments and as many refs, those that ended too", async () => {
    const publisher = await started();
    const { messageId } = ids();
    await publisher.publish(message(messageId, 0));
    const commented = await withRows(
      publisher,
      `INSERT INTO comment (share, id, target, text, ref, label, seq, time_created) SELECT 1, 'cmt_' || n, '${messageId}', 'x', 'r', '', 1, 1 FROM many`,
    );
    const args = { id: newId("cmt"), on: messageId, text: "one more" };
    expect(await codeOf(commented.call("comment", args, publisher.owner.secret))).toBe("QUOTA_EXCEEDED");
    const referred = await withRows(
      publisher,
      "INSERT INTO ref_grant (id, share, parent, hash, rights, epoch, revoked_at, time_created) SELECT 'ref_' || n, 1, 1, 'hash ' || n, '[]', 1, 1, 1 FROM many",
    );
    expect(await codeOf(referred.link())).toBe("QUOTA_EXCEEDED");
  });

  test("[S-13] a line of refs has 16 of them", async () => {
    const publisher = await started();
    let last = publisher.owner;
    for (let length = 1; length < 16; length += 1) last = await publisher.link({ rights: ["share"] }, last);
    expect(await codeOf(publisher.link({}, last))).toBe("UNPROCESSABLE");
    expect(await codeOf(publisher.call("readSession", {}, last.secret))).toBeUndefined();
  });

  test("[S-11] a share has 2,000 streams", async () => {
    const publisher = await started();
    const { service } = publisher.world;
    const follow = (peer: string) =>
      service.subscribe(
        { shareId: publisher.shareId, caller: { bearer: publisher.owner.secret, peer } },
        () => silent,
      );
    for (let count = 0; count < 2_000; count += 1) await follow(`reader ${count}`);
    expect(await codeOf(follow("one more"))).toBe("RATE_LIMITED");
  });

  test("[S-15] who reads or writes too fast is told when to come again", async () => {
    const publisher = await started();
    const { clock } = publisher.world;
    clock.advance(60_000);
    const read = () => publisher.call("readSession", {}, publisher.owner.secret);
    for (let count = 0; count < 60; count += 1) await read();
    expect(await codeOf(read())).toBe("RATE_LIMITED");
    expect(await dataOf(read())).toEqual({ retryAfter: 1 });
    const write = () => publisher.call("confirmShare", {});
    for (let count = 0; count < 400; count += 1) await write();
    expect(await codeOf(write())).toBe("RATE_LIMITED");
    clock.advance(1_000);
    expect([await codeOf(read()), await codeOf(write())]).toEqual([undefined, undefined]);
  });

  test("[S-7, S-10, S-14, S-23] arguments are bounded by their schemas", async () => {
    const publisher = await started();
    const { messageId } = ids();
    const owner = publisher.owner.secret;
    const row = { type: "session" as const, data: session().payload["session"] as never };
    const tries = [
      publisher.call("readMessages", { limit: 201 }, owner),
      publisher.call("syncShare", { data: Array.from({ length: 10_001 }, () => row) }),
      publisher.call("comment", { id: newId("cmt"), on: messageId, text: "x".repeat(10_001) }, owner),
      publisher.call("attenuate", { ...bare(newRef()), rights: ["read"], label: "x".repeat(257) }, owner),
      publisher.call("updateShare", { title: "x".repeat(1_001) }, owner),
      publisher.call("openWriter", {
        publisher: newId("pub"),
        nonce: newRef().secretHash,
        earlier: Array.from({ length: 1_001 }, () => newRef().secretHash),
      }),
    ];
    expect(await Promise.all(tries.map(codeOf))).toEqual(tries.map(() => "INVALID_REQUEST"));
    expect(await codeOf(publisher.call("listShares", {}, "x".repeat(513)))).toBe("UNAUTHENTICATED");
    expect(await codeOf(publisher.call("listShares", {}, KEY))).toBeUndefined();
  });
});
