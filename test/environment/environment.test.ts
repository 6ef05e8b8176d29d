import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isApiError } from "@holdfast/client";
import { describe, expect, test } from "vitest";
import { startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { buildPreload } from "./preload.ts";
import { ended, follow, say, sessionOn, textOf, upTo, wordsIn } from "./session-work.ts";

/** How long the server sleeps, and the disk stalls, in ms. */
const SLEEP_MS = 12_000;
const STALL_MS = 10_000;

async function withBadDisk(name: string) {
  const root = await temporaryDirectory(name);
  const signs = join(root.path, "signs");
  await mkdir(signs);
  const environment = { LD_PRELOAD: buildPreload("bad-disk", root.path), BAD_DISK: signs };
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
    expect(wordsIn(textOf(events))).toEqual(upTo(400));
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(events.length);
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
  });

  test.runIf(isWhole)(
    "[D-34] a disk that stalls for ten seconds delays what must be durable, and loses none of it; reading goes on",
    async () => {
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
      const stalledUntil = performance.now() + STALL_MS;
      await until("a health that tells", async () => (await server.client.health()).status === "degraded");
      let reads = 0;
      while (performance.now() < stalledUntil) {
        await server.client.getSession(session.id);
        reads += 1;
        await delay(100);
      }
      expect(isAnswered).toBe(false);
      expect(reads).toBeGreaterThan(5);
      await bad.clear("stalled");
      const { turn } = await admitted;
      expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
      await until("a good health", async () => (await server.client.health()).status === "ok");
    },
  );

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
  });
});
