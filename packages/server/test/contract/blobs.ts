import { createHash } from "node:crypto";
import { newId } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { OWNER } from "./rig.ts";
import { topic } from "./topic.ts";

const HOUR = 3_600_000;
/** Larger content is kept outside the rows (D-28). */
const INLINE = 64 * 1024;

/** Content that nothing else in the store has. */
function content(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(newId("act")).subarray(0, size));
  return bytes;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const blobsTopic = topic("blobs", (rig) => {
  const put = (bytes: Uint8Array, sessionId: SessionId) =>
    rig().store.putBlob({ bytes, mime: "image/png", sessionId });
  const get = async (hash: string, sessionId: SessionId) => {
    const found = await rig().store.getBlob({ hash, sessionId });
    return found && { mime: found.mime, bytes: Buffer.from(found.bytes) };
  };
  const remove = (sessionId: SessionId) => rig().store.deleteSession({ sessionId, actor: OWNER });
  const sweep = () => rig().store.sweepHousekeeping({ limit: 1_000 });

  test("[D-28] [R-8.1] content of every size comes back by its hash, also after a restart", async () => {
    const sessionId = await rig().session();
    const sizes = [0, 1, INLINE - 1, INLINE, INLINE + 1, 1_000_000];
    const contents = sizes.map(content);
    for (const bytes of contents)
      expect(await put(bytes, sessionId)).toEqual({ hash: sha256(bytes), size: bytes.byteLength });
    await rig().reopen();
    for (const bytes of contents)
      expect(await get(sha256(bytes), sessionId)).toEqual({ mime: "image/png", bytes: Buffer.from(bytes) });
  });

  test("[D-28] a blob is read through a session that refers to it, and no other", async () => {
    const [mine, other] = [await rig().session(), await rig().session()];
    const { hash } = await put(content(10), mine);
    expect(await get(hash, other)).toBeUndefined();
    expect(await get(sha256(content(11)), mine)).toBeUndefined();
    expect(await refusalOf(put(content(10), newId("ses")))).toBe("NOT_FOUND");
  });

  test("[D-28] the same content, put at once and by several sessions, is kept as long as one refers to it", async () => {
    for (const size of [100, INLINE + 100]) {
      const [a, b] = [await rig().session(), await rig().session()];
      const bytes = content(size);
      const puts = await Promise.all([put(bytes, a), put(bytes, a), put(bytes, b), put(bytes, b)]);
      const { hash } = puts[0] as { hash: string };
      await remove(a);
      await rig().age(2 * HOUR);
      await sweep();
      expect(await get(hash, b)).toEqual({ mime: "image/png", bytes: Buffer.from(bytes) });
    }
  });

  test("[D-28] what nothing refers to is collected after an hour, not before", async () => {
    for (const size of [100, INLINE + 100]) {
      const [a, b] = [await rig().session(), await rig().session()];
      const bytes = content(size);
      const { hash } = await put(bytes, a);
      await remove(a);
      await rig().age(HOUR / 2);
      expect(await sweep()).toBe(0);
      await rig().age(HOUR / 2 + 60_000);
      expect(await sweep()).toBe(1);
      expect(await sweep()).toBe(0);
      expect(await put(bytes, b)).toEqual({ hash, size });
      expect(await get(hash, b)).toEqual({ mime: "image/png", bytes: Buffer.from(bytes) });
    }
  });

  test("[D-28] a new reference within the hour keeps the content", async () => {
    const [a, b] = [await rig().session(), await rig().session()];
    const bytes = content(INLINE + 7);
    const { hash } = await put(bytes, a);
    await remove(a);
    await rig().age(2 * HOUR);
    await put(bytes, b);
    expect(await sweep()).toBe(0);
    expect(await get(hash, b)).toEqual({ mime: "image/png", bytes: Buffer.from(bytes) });
  });
});
