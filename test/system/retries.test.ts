/** Failed tries that an agent repeats by itself, behind the real server. */
import { expect, test } from "vitest";
import { readFrames, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";

const TURN_MS = 240_000;

test("[R-13.1, D-10, R-17.14] the wait for the next try is the session's status; a cancel ends it, and a crash too", async () => {
  await using directory = await temporaryDirectory("retries");
  const root = directory.path;
  let server = await startHoldfast({ root });
  try {
    const { client } = server;
    const { id } = await client.createSession({ directory: server.project, agent: "rehearsal" });
    const say = (text: string) => client.admitInput(id, { parts: [{ type: "text", text }] });
    const retrying = () =>
      until("the wait for the next try", async () => {
        const session = await server.client.getSession(id);
        return session.status === "retry" ? session : undefined;
      });
    const first = await say("SAY half\nRETRY 120000 overloaded");
    const { retry } = await retrying();
    expect(retry).toMatchObject({ attempt: 1, message: "overloaded" });
    expect(retry?.next).toBeGreaterThan(Date.now());
    const { items } = await client.listMessages(id);
    const parts = items.at(-1)?.parts ?? [];
    expect(parts.find((part) => part.type === "retry")).toMatchObject({
      number: 1,
      error: { name: "APIError", data: { message: "overloaded", isRetryable: true } },
    });
    expect(parts.find((part) => part.type === "text")).toMatchObject({ text: "half\n", attempt: 1 });
    await client.cancelTurn(first.turn.id);
    await until("the end", async () => (await client.getSession(id)).status === "idle");
    const again = await client.admitInputAndWait(
      id,
      { parts: [{ type: "text", text: "RETRY 1\nSAY done" }] },
      { timeoutMs: TURN_MS },
    );
    expect(again).toMatchObject({ ended: true, turn: { state: "completed" } });
    const attempts: unknown[] = [];
    const feed = await server.fetch(`/api/sessions/${id}/events?after=0`);
    await readFrames(feed, ({ event, data }) => {
      if (event === "step.finished") attempts.push((data["data"] as { attempt: number }).attempt);
      return event === "turn.completed";
    });
    expect(attempts).toEqual([2, 2]);
    await say("RETRY 120000");
    await retrying();
    await server.kill();
    server = await startHoldfast({ root });
    expect(await server.client.getSession(id)).toMatchObject({ status: "idle", attention: "interrupted" });
    expect((await server.client.getSession(id)).retry).toBeUndefined();
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
