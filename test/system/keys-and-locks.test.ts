import { once } from "node:events";
import { expect, test } from "vitest";
import { launchHoldfast, startHoldfast, temporaryDirectory } from "../harness/index.ts";

test("[D-5] one key sent twenty times at once makes one turn, and again after a kill and a restart", async () => {
  await using directory = await temporaryDirectory("keys");
  const server = await startHoldfast({ root: directory.path });
  const session = await server.client.createSession({ directory: server.project });
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "the same" },
    body: JSON.stringify({ parts: [{ type: "text", text: "SAY once" }] }),
  };
  const path = `/api/sessions/${session.id}/inputs`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const response = await server.fetch(path, request);
      const body = (await response.json()) as {
        turn: { id: string };
        input: { id: string };
        message: { info: { id: string } };
      };
      return { status: response.status, replayed: response.headers.get("idempotency-replayed"), body };
    }),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  const first = answers[0]?.body;
  expect(
    new Set(answers.map(({ body }) => `${body.turn.id} ${body.input.id} ${body.message.info.id}`)).size,
  ).toBe(1);
  expect(answers.filter(({ replayed }) => replayed === "true")).toHaveLength(19);

  await server.kill();
  await using again = await startHoldfast({ root: directory.path });
  const repeated = await again.fetch(path, request);
  expect(repeated.status).toBe(202);
  expect(repeated.headers.get("idempotency-replayed")).toBe("true");
  expect(((await repeated.json()) as typeof first)?.turn.id).toBe(first?.turn.id);
  const other = await again.fetch(path, {
    ...request,
    body: JSON.stringify({ parts: [{ type: "text", text: "SAY twice" }] }),
  });
  expect(other.status).toBe(409);
  expect(await other.json()).toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
  expect((await again.client.listTurns(session.id)).items).toHaveLength(1);
});

test("[D-17, I-11] a second server on one data directory exits 7 and names the first", async () => {
  await using directory = await temporaryDirectory("locks");
  await using server = await startHoldfast({ root: directory.path });
  const second = await launchHoldfast({ root: directory.path });
  let errors = "";
  second.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const [code] = (await once(second, "close")) as [number];
  expect(code).toBe(7);
  expect(errors).toContain(String(server.pid));
  expect(errors).toMatch(/holdfast: .*(another|in use|lock)/i);
  expect((await server.client.health()).status).toBe("ok");
});

test("[D-21] SIGTERM finalizes the running turn as aborted / shutdown and exits 0", async () => {
  await using directory = await temporaryDirectory("stop");
  const server = await startHoldfast({ root: directory.path, environment: { HOLDFAST_STOP_BUDGET: "0" } });
  const session = await server.client.createSession({ directory: server.project });
  const { turn } = await server.client.admitInput(session.id, {
    parts: [{ type: "text", text: "SAY first\nHANG" }],
  });
  await expect.poll(async () => (await server.client.getTurn(turn.id)).openedBy).toBe("create");
  expect(await server.stop()).toBe(0);
  await using again = await startHoldfast({ root: directory.path });
  expect(await again.client.getTurn(turn.id)).toMatchObject({
    state: "aborted",
    reason: "shutdown",
    error: { name: "MessageAbortedError" },
  });
});
