/** Durable calls of a ref (S-27), with the server and the client's program killed between the send and the answer, in every way. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { durable } from "@holdfast/client";
import { intentsInFile } from "@holdfast/client/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WAYS } from "../harness/durable-program.ts";
import { type HoldfastProcess, openLosingWire, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { sampleOf } from "../harness/sample.ts";

const PROGRAM = join(import.meta.dirname, "../harness/durable-program.ts");

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let wire: Awaited<ReturnType<typeof openLosingWire>>;
let server: HoldfastProcess;

async function start(): Promise<void> {
  const environment = { HOLDFAST_ALLOWED_HOSTS: wire.host };
  server = await startHoldfast({ root: root.path, environment });
  wire.leadTo(server.url);
}

beforeAll(async () => {
  root = await temporaryDirectory("durable");
  wire = await openLosingWire();
  await start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  await root[Symbol.asyncDispose]();
});

/** Runs the client until the server has been killed at its first answer, and kills it then too. Answers the ids of its calls. */
async function runUntilKilled(args: readonly string[]): Promise<string[]> {
  const killed = Promise.withResolvers<void>();
  wire.loses = () => void server.kill().then(killed.resolve, killed.reject);
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  await killed.promise;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  wire.loses = undefined;
  return JSON.parse(line) as string[];
}

describe("calls whose server and whose program are killed before the answer", () => {
  test.each(sampleOf(Object.entries(WAYS), 1))(
    "[S-27, S-25] over %s the next program sends the same group, and each call was done once",
    async (way, connect) => {
      const { id: sessionId } = await server.client.createSession({
        directory: await server.place(`over ${way}`),
        resumePolicy: "never",
      });
      const { ref, secret = "" } = await server.client.createRef({
        target: { kind: "session", id: sessionId },
        rights: ["comment", "prompt", "share"],
      });
      const file = join(root.path, `${sessionId}.json`);
      wire.takeSaid();
      const ids = await runUntilKilled([way, wire.url, secret, file, sessionId, ref.id]);
      const [first = []] = wire.takeSaid();
      await start();
      // It was done before the answer got lost.
      const admitted = await server.client.listInputs(sessionId);
      expect(admitted.items).toHaveLength(1);

      const next = await durable({
        intents: intentsInFile(file),
        transports: [connect({ url: wire.url, token: secret })],
      });
      const [asked, said, made] = (await Promise.all(ids.map((id) => next.result(id)))) as [
        { input: { id: string } },
        { id: string },
        { ref: { id: string }; secret: string },
      ];
      await next.close();
      const again = wire.takeSaid();
      expect(first.length).toBeGreaterThan(0);
      expect(again.map((messages) => messages.slice(0, first.length))).toContainEqual(first);

      const inputs = await server.client.listInputs(sessionId);
      expect(inputs.items.map(({ id }) => id)).toEqual([asked.input.id]);
      const comments = await server.client.listComments(sessionId);
      expect(comments.items.map(({ id }) => id)).toEqual([said.id]);
      const refs = await server.client.listRefs({ sessionId });
      expect(refs.items.map(({ id }) => id).toSorted()).toEqual([made.ref.id, ref.id].toSorted());
      const headers = { authorization: `Bearer ${made.secret}` };
      expect((await server.fetch(`/api/sessions/${sessionId}`, { headers })).status).toBe(200);
    },
  );
});
