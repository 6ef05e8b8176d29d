import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EMPTY_SESSION, isApiError, reduce } from "@holdfast/client";
import type { SessionEvent, SessionId } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";

/** How long the server sleeps, and the disk stalls, in ms. */
const SLEEP_MS = 12_000;
const STALL_MS = 10_000;
const READERS = 100;
const WORDS = 1_500;

async function withBadDisk(name: string) {
  const root = await temporaryDirectory(name);
  const [library, signs] = [join(root.path, "bad-disk.so"), join(root.path, "signs")];
  await mkdir(signs);
  const source = join(import.meta.dirname, "bad-disk.c");
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, source, "-ldl"]);
  const environment = { LD_PRELOAD: library, BAD_DISK: signs };
  const server = await startHoldfast({ root: root.path, environment });
  return {
    server,
    set: (sign: "full" | "stalled") => writeFile(join(signs, sign), ""),
    clear: (sign: "full" | "stalled") => rm(join(signs, sign), { force: true }),
    [Symbol.asyncDispose]: async () => {
      await rm(signs, { recursive: true, force: true });
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

const sessionOn = (server: HoldfastProcess) =>
  server.client.createSession({ directory: server.project, agent: "rehearsal", approvalMode: "all" });
const say = (server: HoldfastProcess, sessionId: SessionId, text: string) =>
  server.client.admitInput(sessionId, { parts: [{ type: "text", text }] });
const ended = (server: HoldfastProcess, turnId: string) =>
  until(
    "the end of the turn",
    async () => {
      const turn = await server.client.getTurn(turnId);
      return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
    },
    60_000,
  );

/** Follows a session until a turn has ended; answers its events. */
async function follow(server: HoldfastProcess, sessionId: SessionId): Promise<SessionEvent[]> {
  const stop = new AbortController();
  const events: SessionEvent[] = [];
  for await (const item of server.client.streamSession({ sessionId, after: 0, signal: stop.signal })) {
    if (item.kind !== "event") continue;
    events.push(item.event);
    if (item.event.type === "turn.completed") stop.abort();
  }
  return events;
}

/** The numbered words of the answer that the events make. */
const wordsOf = (events: readonly SessionEvent[]): number[] =>
  events
    .reduce(reduce, EMPTY_SESSION)
    .messages.flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === "text" ? part.text.split(/\s+/) : []))
    .filter((word) => /^w\d+$/.test(word))
    .map((word) => Number(word.slice(1)));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a bad environment", () => {
  test("[D-23, A-17] a server that was stopped for twelve seconds in mid-stream goes on; nothing is lost, doubled or failed", async () => {
    await using root = await temporaryDirectory("sleep");
    await using server = await startHoldfast({ root: root.path });
    const session = await sessionOn(server);
    const following = follow(server, session.id);
    const { turn } = await say(server, session.id, "SLOW 400 10");
    await until(
      "the middle of the turn",
      async () => (await server.client.getTurn(turn.id)).state === "running",
    );
    process.kill(server.pid, "SIGSTOP");
    await delay(SLEEP_MS);
    process.kill(server.pid, "SIGCONT");
    const events = await following;
    expect(wordsOf(events)).toEqual(upTo(400));
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(events.length);
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
  }, 120_000);

  test("[D-34] a disk that stalls for ten seconds delays what must be durable, and loses none of it; reading goes on", async () => {
    await using bad = await withBadDisk("stall");
    const { server } = bad;
    const session = await sessionOn(server);
    await bad.set("stalled");
    const admitted = say(server, session.id, "SAY after the stall");
    let isAnswered = false;
    void admitted.then(
      () => (isAnswered = true),
      () => undefined,
    );
    const until10 = performance.now() + STALL_MS;
    let reads = 0;
    while (performance.now() < until10) {
      await server.client.getSession(session.id);
      reads += 1;
      await delay(100);
    }
    expect(isAnswered).toBe(false);
    expect(reads).toBeGreaterThan(50);
    await bad.clear("stalled");
    const { turn } = await admitted;
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
  }, 120_000);

  test("[D-34] a full disk is a 503; when there is room again work goes on without a restart, and nothing acknowledged is gone", async () => {
    await using bad = await withBadDisk("full");
    const { server } = bad;
    const session = await sessionOn(server);
    const before = await say(server, session.id, "SAY before");
    await ended(server, before.turn.id);
    await bad.set("full");
    const raw = await server.fetch(`/api/sessions/${session.id}/inputs`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "full-1" },
      body: JSON.stringify({ parts: [{ type: "text", text: "SAY during" }] }),
    });
    expect(raw.status).toBe(503);
    expect(await raw.json()).toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    await bad.clear("full");
    const after = await until("room", async () => {
      try {
        return await server.client.admitInput(
          session.id,
          { parts: [{ type: "text", text: "SAY during" }] },
          { idempotencyKey: "full-1" },
        );
      } catch (error) {
        if (isApiError(error, "STORAGE_UNAVAILABLE")) return undefined;
        throw error;
      }
    });
    expect(await ended(server, after.turn.id)).toMatchObject({ state: "completed" });
    const { items } = await server.client.listTurns(session.id);
    expect(items.map(({ id }) => id).toSorted()).toEqual([before.turn.id, after.turn.id].toSorted());
    const { integrity, drift } = await server.client.diagnostics();
    expect([...integrity, ...drift]).toEqual([]);
  }, 120_000);

  test("[D-24] a subscriber that never reads holds up nobody of a hundred that do", async () => {
    await using root = await temporaryDirectory("deaf-reader");
    await using server = await startHoldfast({ root: root.path });
    const session = await sessionOn(server);
    const { port, hostname } = new URL(server.url);
    const deaf = connect(Number(port), hostname);
    deaf.pause();
    deaf.on("error", () => undefined);
    deaf.write(
      `GET /api/sessions/${session.id}/events?after=0 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${server.token}\r\n\r\n`,
    );
    const readers = Array.from({ length: READERS }, () => follow(server, session.id));
    const { turn } = await say(server, session.id, `OUTPUT 200000\nSLOW ${WORDS} 1`);
    const all = await Promise.all(readers);
    for (const events of all) {
      const seqs = events.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      expect(wordsOf(events).at(-1)).toBe(WORDS);
    }
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
    deaf.destroy();
  }, 120_000);
});
