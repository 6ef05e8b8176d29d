import { existsSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Store } from "../port.ts";
import { hashOf, INLINE_BLOB_BYTES } from "./blob-files.ts";
import { openSqliteStore } from "./index.ts";

const HOUR = 3_600_000;

let directory: string;
let store: Store;
let sessionId: SessionId;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-blobs-"));
  store = await openSqliteStore({ directory, synchronous: "OFF" });
  sessionId = newId("ses");
  await store.createSession({
    actor: { id: "owner", kind: "owner", label: "Owner" },
    sessionId,
    projectId: newId("prj"),
    workspaceId: newId("wsp"),
    directory: "/p",
    title: "t",
    agent: "rehearsal",
    approvalMode: "ask",
    resumePolicy: "manual",
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const put = (bytes: Uint8Array) => store.putBlob({ bytes, mime: "text/plain", sessionId });
const fileOf = (hash: string) => join(directory, "blobs", hash.slice(0, 2), hash);

test("[D-28] content up to 64 KiB is a row, larger content one private file without leftovers", async () => {
  const small = await put(new Uint8Array(INLINE_BLOB_BYTES));
  expect(existsSync(fileOf(small.hash))).toBe(false);
  const large = new Uint8Array(INLINE_BLOB_BYTES + 1);
  const [first] = await Promise.all([put(large), put(large), put(large)]);
  const path = fileOf(first.hash);
  expect(statSync(path).size).toBe(large.byteLength);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(path, ".."))).toEqual([first.hash]);
});

/** Makes the nth sync of a file or directory from now on fail, as a dying disk does. */
async function failSync(nth: number): Promise<void> {
  const handle = await open(directory);
  const proto = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const spy = vi.spyOn(proto, "sync");
  for (let before = 0; before < nth; before += 1) spy.mockResolvedValueOnce();
  spy.mockRejectedValueOnce(new Error("EIO"));
}

test.for([0, 1, 2, 3])(
  "[D-28] content whose sync %i fails has no row, and no file before it is synced",
  async (nth) => {
    const bytes = new Uint8Array(INLINE_BLOB_BYTES + 1).fill(3);
    await failSync(nth);
    await expect(put(bytes)).rejects.toThrow("EIO");
    vi.restoreAllMocks();
    expect(await store.getBlob({ hash: hashOf(bytes), sessionId })).toBeUndefined();
    expect(existsSync(fileOf(hashOf(bytes)))).toBe(nth > 0);
    expect(await put(bytes)).toMatchObject({ hash: hashOf(bytes) });
  },
);

test("[D-28] a file whose directory was never synced is not trusted for being there", async () => {
  const bytes = new Uint8Array(INLINE_BLOB_BYTES + 1).fill(5);
  await failSync(1);
  await expect(put(bytes)).rejects.toThrow("EIO");
  expect(existsSync(fileOf(hashOf(bytes)))).toBe(true);
  await failSync(0);
  await expect(put(bytes)).rejects.toThrow("EIO");
  expect(await store.getBlob({ hash: hashOf(bytes), sessionId })).toBeUndefined();
});

test("[D-28] content that cannot be written as a file has no row", async () => {
  const bytes = new Uint8Array(INLINE_BLOB_BYTES + 1).fill(4);
  writeFileSync(join(directory, "blobs"), "in the way");
  await expect(put(bytes)).rejects.toThrow(/ENOTDIR|EEXIST/);
  rmSync(join(directory, "blobs"));
  expect(await store.getBlob({ hash: hashOf(bytes), sessionId })).toBeUndefined();
});

test("[D-28] a new reference finds a file that was cut short and writes it again", async () => {
  const bytes = new Uint8Array(INLINE_BLOB_BYTES + 1).fill(7);
  const { hash } = await put(bytes);
  truncateSync(fileOf(hash), 10);
  await put(bytes);
  expect(statSync(fileOf(hash)).size).toBe(bytes.byteLength);
  const found = await store.getBlob({ hash, sessionId });
  expect(found?.bytes.every((byte) => byte === 7)).toBe(true);
});

test("[D-28] a file without a row goes after 24 h, not before, and one with a row never", async () => {
  const { hash } = await put(new Uint8Array(INLINE_BLOB_BYTES + 1).fill(9));
  const folder = join(fileOf(hash), "..");
  const orphan = join(folder, "f".repeat(64));
  const leftover = join(folder, `.${hash}.abc`);
  for (const path of [orphan, leftover]) writeFileSync(path, "x");
  const touch = (path: string, hoursAgo: number) => {
    const at = new Date(Date.now() - hoursAgo * HOUR);
    utimesSync(path, at, at);
  };
  for (const path of [orphan, leftover]) touch(path, 23);
  touch(fileOf(hash), 48);
  expect(await store.sweepHousekeeping({ limit: 100 })).toBe(0);
  for (const path of [orphan, leftover]) touch(path, 25);
  expect(await store.sweepHousekeeping({ limit: 100 })).toBe(2);
  expect(readdirSync(folder)).toEqual([hash]);
});
