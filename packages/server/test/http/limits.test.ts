import type { Admitted, Session } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

test("[A-29] one turn goes on from one that ended at a usage limit, and waits for its reset until somebody lets the queue go on", async () => {
  await using server = await ServerUnderTest.start();
  const id = await server.createSession();
  const parts = [{ type: "text", text: "first" }];
  const { turn } = await server.call<Admitted>("POST", `/api/sessions/${id}/inputs`, { parts }, 202);
  const until = Date.now() + 3_600_000;
  const data = { message: "no more", statusCode: 429, isRetryable: true, resetAt: until };
  const record = { state: "failed", reason: "limited", error: { name: "APIError", data } } as const;
  const ended = await server.endTurn(await server.startTurn(id), record);
  expect(ended).toMatchObject({ reason: "limited", error: { data: { resetAt: until } } });
  const resume = (status: number) => server.call("POST", `/api/turns/${turn.id}/resume`, {}, status);
  const going = (await resume(202)) as Admitted;
  expect(going.turn).toMatchObject({ resumes: turn.id, state: "queued" });
  expect(await resume(409)).toMatchObject({ code: "CONFLICT" });
  const suspended = { agent: "rehearsal", until };
  expect((await server.sessions.get(id)).suspended).toEqual(suspended);
  const session = await server.call<Session>("POST", `/api/sessions/${id}/queue/resume`);
  expect(session).not.toHaveProperty("suspended");
  expect(server.turns.woken.at(-1)).toBe(id);
  const patch = (limitAttempts: number, status: number) =>
    server.call<Session>("PATCH", `/api/sessions/${id}`, { limitAttempts }, status);
  expect((await patch(1, 200)).limitAttempts).toBe(1);
  for (const wrong of [-1, 1.5, 11])
    expect(await patch(wrong, 400)).toMatchObject({ code: "INVALID_REQUEST" });
});
