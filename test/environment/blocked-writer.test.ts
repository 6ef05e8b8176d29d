import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { ended, follow, say, sessionOn, textOf, upTo, wordsIn } from "./session-work.ts";

/** Longer than the writer waits for the lock (5 s), so that it is refused at least once. In ms. */
const HELD_MS = 8_000;

/** Another program that holds the write lock of the database until it is killed. */
async function holdWriteLock(server: HoldfastProcess): Promise<ChildProcess> {
  const file = join(server.root, "data", "holdfast.db");
  const program = `
    const { DatabaseSync } = require("node:sqlite");
    const database = new DatabaseSync(process.argv[1], { timeout: 20000 });
    database.exec("BEGIN IMMEDIATE");
    process.stdout.write("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", program, file], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function release(holder: ChildProcess): Promise<void> {
  holder.kill("SIGKILL");
  await once(holder, "exit");
}

/** A raw admission; no client that repeats it by itself. */
async function admit(server: HoldfastProcess, sessionId: string, key: string, text: string) {
  const response = await server.fetch(`/api/sessions/${sessionId}/inputs`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ parts: [{ type: "text", text }] }),
  });
  const body = (await response.json()) as { code?: string; turn?: { id: string } };
  return { status: response.status, body };
}

describe("a writer that is blocked for longer than it waits", () => {
  test("[D-34, D-12] by another program's lock: reading goes on, health tells, refusals are typed, and it recovers by itself with nothing lost", async () => {
    await using root = await temporaryDirectory("blocked");
    await using server = await startHoldfast({ root: root.path });
    const running = await sessionOn(server, "running");
    const other = await sessionOn(server, "other");
    expect(await server.client.health()).toMatchObject({ status: "ok" });
    const following = follow(server, running.id);
    const { turn } = await say(server, running.id, "SLOW 600 10");
    await until("words", async () =>
      (await server.client.listMessages(running.id)).items.some(
        ({ info, parts }) => info.role === "assistant" && parts.some((part) => part.type === "text"),
      ),
    );

    const holder = await holdWriteLock(server);
    const heldUntil = performance.now() + HELD_MS;
    const during = upTo(5).map((index) =>
      admit(server, other.id, `blocked-${index}`, `SAY blocked ${index}`),
    );
    // A client repeats by itself, with the same key.
    const patient = server.client.admitInput(other.id, { parts: [{ type: "text", text: "SAY patiently" }] });
    patient.catch(() => undefined);
    await until("a health that tells", async () => (await server.client.health()).status === "degraded");
    let reads = 0;
    while (performance.now() < heldUntil) {
      await server.client.getSession(running.id);
      await server.client.listMessages(running.id);
      reads += 1;
      await delay(50);
    }
    // Each read came back while the lock was held.
    expect(reads).toBeGreaterThan(5);
    // So did every answer: nothing waits for the lock longer than the writer does.
    const answers = await Promise.all(during);
    for (const answer of answers) {
      if (answer.status === 202) continue;
      expect(answer).toMatchObject({ status: 503, body: { code: "STORAGE_UNAVAILABLE" } });
    }
    expect(answers.some(({ status }) => status === 503)).toBe(true);
    await release(holder);

    await until("a good health", async () => (await server.client.health()).status === "ok");
    const turns = [(await patient).turn.id];
    for (const index of upTo(5)) {
      // The same key: what was answered 202 comes again, what was refused is made now.
      const { turn } = await server.client.admitInput(
        other.id,
        { parts: [{ type: "text", text: `SAY blocked ${index}` }] },
        { idempotencyKey: `blocked-${index}` },
      );
      const acknowledged = answers[index - 1]?.body.turn?.id;
      if (acknowledged !== undefined) expect(turn.id).toBe(acknowledged);
      turns.push(turn.id);
    }
    for (const id of turns) expect(await ended(server, id)).toMatchObject({ state: "completed" });
    expect((await server.client.listTurns(other.id)).items.map(({ id }) => id).toSorted()).toEqual(
      turns.toSorted(),
    );
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
    const events = await following;
    expect(wordsIn(textOf(events))).toEqual(upTo(600));
    const { integrity, drift, stuckTurns } = await server.client.diagnostics();
    expect([...integrity, ...drift, ...stuckTurns]).toEqual([]);
  });

  test.runIf(isWhole)(
    "[D-21] a stop while the writer is blocked still ends the program within its time",
    async () => {
      await using root = await temporaryDirectory("blocked");
      const server = await startHoldfast({ root: root.path });
      const session = await sessionOn(server);
      const { turn } = await say(server, session.id, "SLOW 100000 10");
      await until("the turn", async () => (await server.client.getTurn(turn.id)).state === "running");
      const holder = await holdWriteLock(server);
      const began = performance.now();
      const stopped = server.stop();
      await delay(HELD_MS);
      await release(holder);
      await stopped;
      expect(performance.now() - began).toBeLessThan(60_000);
      await using again = await startHoldfast({ root: root.path });
      expect(await ended(again, turn.id)).toMatchObject({ state: "aborted" });
    },
  );
});
