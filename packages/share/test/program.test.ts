import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newId, newRefSecret, secretHash } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { loadShareConfig } from "../src/config.ts";
import { addressIn } from "../src/main/compose.ts";
import { KEY } from "./share-fixture.ts";

const HOLDFAST = join(import.meta.dirname, "../../cli/bin/holdfast.cjs");

/** What stands in the stored examples: secrets of a share that nobody has. */
const STORED = {
  shareId: "shr_01m8p7tx76f5gbw0g1h180myva",
  owner: "hfs_TWWYvCTUBBybkAyx-_XpAGqVqTnyHZVTjkiG2d4IOzc5oxhye",
  link: "hfs_sA5TQsRENWdRVV3u2wfJ6mggc-YydELWn0PLtXWatsE8e408g",
  revoked: "hfs_3K7Ozsyhk5_Aa3Qe_5jPi0hFWAM634FAU_MISMxRy7Y11es7h",
};

const directories: string[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) await ended(child, "SIGKILL");
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-share-"));
  directories.push(path);
  return path;
}

function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  const gone = new Promise<number | null>((resolve) => child.once("close", resolve));
  if (signal !== undefined) child.kill(signal);
  return gone;
}

function start(place: string, args: string[] = [], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [HOLDFAST, "--data-dir", place, "share-server", ...args], {
    env: {
      PATH: process.env["PATH"],
      HOME: place,
      HOLDFAST_SHARE_PORT: "0",
      HOLDFAST_SHARE_KEYS: KEY,
      HOLDFAST_LOG_LEVEL: "warn",
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

async function originOf(child: ChildProcess): Promise<string> {
  let output = "";
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    const origin = / listening on (http:\S+)\n/.exec(output)?.[1];
    if (origin !== undefined) return origin;
  }
  throw new Error(`it did not listen: ${output}`);
}

test("[S-24] a service that was killed has what it answered, and one that is brought back from a copy hides its shares until they are confirmed", async () => {
  const [place, copy, other] = [directory(), join(directory(), "copy"), directory()];
  const first = start(place);
  const shareId = newId("shr");
  const [owner, append] = [newRefSecret(), newRefSecret()];
  const send = async (
    origin: string,
    path: string,
    bearer: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${origin}/api/shares${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const made = await send(await originOf(first), "", KEY, {
    shareId,
    title: "Kept",
    owner: { refId: newId("ref"), secretHash: secretHash(owner) },
    append: { refId: newId("ref"), secretHash: secretHash(append) },
  });
  expect(made.status).toBe(200);
  expect(await ended(start(place))).toBe(7);
  await ended(first, "SIGKILL");
  expect(await ended(start(place, ["backup", copy]))).toBe(0);
  expect(await ended(start(other, ["restore", copy]))).toBe(0);
  expect(await ended(start(other, ["restore", copy]))).toBe(2);
  const [again, restored] = [start(place), start(other)];
  const [kept, brought] = [await originOf(again), await originOf(restored)];
  expect((await send(kept, `/${shareId}/hello`, append, {})).body["state"]).toBe("live");
  const hello = await send(brought, `/${shareId}/hello`, append, {});
  expect(hello.body["state"]).toBe("hidden");
  expect(hello.body["storeId"]).not.toBe((await send(kept, `/${shareId}/hello`, append, {})).body["storeId"]);
  expect((await send(brought, `/${shareId}/confirm`, append, {})).body["share"]).toMatchObject({
    state: "live",
  });
  expect(await ended(again, "SIGTERM")).toBe(0);
});

/** A directory as a service of an earlier release left it; `sql` is done to it then. */
function stored(name: string, sql = ""): string {
  const place = directory();
  const database = new DatabaseSync(join(place, "share.db"));
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(readFileSync(join(import.meta.dirname, "stored", name), "utf8"));
  database.exec(sql);
  database.close();
  return place;
}

const schemaOf = (file: string): unknown => {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare("SELECT max(version) AS version FROM holdfast_migration").get();
  database.close();
  return row?.["version"];
};

test("[D-33, S-1] a service goes on with what each earlier release stored, and keeps a copy of it", async () => {
  const place = stored("version-1.sql");
  const child = start(place);
  const origin = await originOf(child);
  const shown = async (path: string, bearer: string) =>
    (await (
      await fetch(`${origin}/api/shares/${STORED.shareId}${path}`, {
        headers: { authorization: `Bearer ${bearer}` },
      })
    ).json()) as Record<string, unknown>;
  expect(await shown("", STORED.link)).toMatchObject({ session: { title: "Stored" }, seq: 5 });
  const { items } = (await shown("/messages", STORED.link)) as { items: { parts: { text: string }[] }[] };
  expect(items.map(({ parts }) => parts.map(({ text }) => text))).toEqual([["one two"]]);
  expect(await shown("/comments", STORED.link)).toMatchObject({ items: [{ text: "Good" }] });
  expect(await shown("", STORED.revoked)).toMatchObject({ code: "REF_NOT_VALID" });
  const audit = (await shown("/audit", STORED.owner)) as { items: { action: string }[] };
  expect(audit.items.map(({ action }) => action)).toContain("appendOps");
  expect(await ended(child, "SIGTERM")).toBe(0);
  expect(schemaOf(join(place, "share.db.v1.copy"))).toBe(1);
  expect(schemaOf(join(place, "share.db"))).toBeGreaterThan(1);
});

test("[D-33] what a later release stored is refused in words, and left as it is", async () => {
  const place = stored(
    "version-1.sql",
    "INSERT INTO holdfast_migration VALUES (99, 'later', 'x', 0); PRAGMA user_version = 99",
  );
  const before = readFileSync(join(place, "share.db"));
  const child = start(place);
  let said = "";
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  expect(await ended(child)).toBe(1);
  expect(said).toContain("share.db has schema version 99, newer than the");
  expect(readFileSync(join(place, "share.db")).equals(before)).toBe(true);
});

test("[S-29] beside a server it ends with its standard input", async () => {
  const child = start(directory(), ["--embedded"]);
  await originOf(child);
  child.stdin?.end();
  expect(await ended(child)).toBe(0);
});

test("[S-2] without a publish key it does not start, and says how to make one without showing what is there", async () => {
  const short = "short-secret";
  const child = start(directory(), [], { HOLDFAST_SHARE_KEYS: short });
  let said = "";
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  expect(await ended(child)).toBe(2);
  expect(said).toContain("HOLDFAST_SHARE_KEYS");
  expect(said).not.toContain(short);
  expect(() => loadShareConfig({ dataDirectory: "/d" }, {})).toThrow(/openssl/);
});

test("[S-29] only a declared proxy says for whom it asks, and only its own word counts", () => {
  const request = (forwarded: string) =>
    ({
      headers: { "x-forwarded-for": forwarded },
      socket: { remoteAddress: "127.0.0.1" },
    }) as unknown as Parameters<typeof addressIn>[0];
  expect(addressIn(request("198.51.100.1"), false)).toBe("127.0.0.1");
  expect(addressIn(request("203.0.113.9, 198.51.100.1"), true)).toBe("198.51.100.1");
  expect(addressIn(request("<script>"), true)).toBe("127.0.0.1");
});
