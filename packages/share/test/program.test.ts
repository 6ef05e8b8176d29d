import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, newRefSecret, secretHash } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { loadShareConfig } from "../src/config.ts";
import { addressIn } from "../src/main/compose.ts";
import { KEY } from "./share-fixture.ts";

const HOLDFAST = join(import.meta.dirname, "../../cli/bin/holdfast.cjs");

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
