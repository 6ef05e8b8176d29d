import { createHmac } from "node:crypto";
import { Access } from "@holdfast/edge";
import { FakeClock } from "@holdfast/kernel";
import { proofText } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { PROOF_KEY, ServerUnderTest } from "./server-under-test.ts";

const NONCE = "0123456789abcdef".repeat(4);
const proofFor = (nonce: string, address: string, port: number) =>
  createHmac("sha256", Buffer.from(PROOF_KEY, "hex"))
    .update(proofText(nonce, address, port))
    .digest("hex");

test("[I-6] a server proves itself to anybody who asks, for one nonce and the address that it was reached at", async () => {
  await using server = await ServerUnderTest.start();
  const ask = (query: string) => fetch(`${server.url}/api/auth/proof${query}`);
  const answer = await ask(`?nonce=${NONCE}`);
  const { proof } = (await answer.json()) as { proof: string };
  expect(answer.status).toBe(200);
  expect(proof).toBe(proofFor(NONCE, "127.0.0.1", server.port));
  expect(proof).not.toBe(proofFor(NONCE, "::1", server.port));
  expect(proof).not.toBe(proofFor(NONCE, "127.0.0.1", server.port + 1));
  expect(proof).not.toBe(proofFor("f".repeat(64), "127.0.0.1", server.port));
  const bad = ["", "?nonce=", `?nonce=${NONCE}00`, `?nonce=${NONCE.toUpperCase()}`, `?nonce=${NONCE}&more=1`];
  for (const query of bad) expect((await ask(query)).status).toBe(400);
  const posted = await fetch(`${server.url}/api/auth/proof?nonce=${NONCE}`, { method: "POST" });
  expect(posted.status).toBe(404);
});

test("[I-6] an address that asks for too many proofs waits, others do not", () => {
  const clock = new FakeClock();
  const access = new Access({
    tokens: {} as ConstructorParameters<typeof Access>[0]["tokens"],
    serverToken: "s".repeat(32),
    proofKey: PROOF_KEY,
    clock,
  });
  const at = { address: "127.0.0.1", port: 4680 };
  for (let asked = 0; asked < 200; asked += 1) access.prove(NONCE, at, "127.0.0.1");
  expect(() => access.prove(NONCE, at, "127.0.0.1")).toThrow("200 proofs per second");
  expect(access.prove(NONCE, at, "::1")).toBe(proofFor(NONCE, "127.0.0.1", 4680));
});

test("[I-6] an address is the same however its side writes it", () => {
  const text = proofText(NONCE, "127.0.0.1", 1);
  expect(proofText(NONCE, "::ffff:127.0.0.1", 1)).toBe(text);
  expect(proofText(NONCE, "fe80::1%eth0", 1)).toBe(proofText(NONCE, "fe80::1", 1));
  expect(proofText(NONCE, "::1", 1)).not.toBe(text);
});
