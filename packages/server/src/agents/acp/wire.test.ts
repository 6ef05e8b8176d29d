import { PassThrough } from "node:stream";
import { client, RequestError } from "@agentclientprotocol/sdk";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { until } from "../../../test/agents/waiting.ts";
import { Wire, type WireListener } from "./wire.ts";

type Seen = string;

/** A wire between two pipes, with what its listener was told, in order. */
function wired(
  ready: () => Promise<void> | undefined = () => undefined,
  answered: () => void = () => undefined,
  asked: () => Promise<void> | undefined = () => undefined,
): {
  wire: Wire;
  stdin: PassThrough;
  stdout: PassThrough;
  seen: Seen[];
} {
  const [stdin, stdout] = [new PassThrough(), new PassThrough({ highWaterMark: 1_024 })];
  const seen: Seen[] = [];
  const listener: WireListener = {
    update: (_, update) => {
      seen.push(`update ${String(update["n"])}`);
      return ready();
    },
    answered: (method) => {
      seen.push(`answered ${method}`);
      answered();
    },
    asked: ({ method }) => {
      seen.push(`asked ${method}`);
      return asked();
    },
    stray: (kind, bytes) => void seen.push(`stray ${kind} ${bytes}`),
  };
  return { wire: new Wire({ stdin, stdout }, listener), stdin, stdout, seen };
}

const update = (n: number) =>
  `${JSON.stringify({ jsonrpc: "2.0", method: "session/update", params: { sessionId: "s", update: { n } } })}\n`;
const response = (id: number) => `${JSON.stringify({ jsonrpc: "2.0", id, result: { id } })}\n`;

describe("Wire", () => {
  test("[A-12] a response never overtakes an update before it, nor an update after it the response", async () => {
    const kind = fc.constantFrom("update", "slow update", "response" as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { maxLength: 30 }),
        fc.integer({ min: 1, max: 60 }),
        async (kinds, size) => {
          let slow = false;
          const { wire, stdout, seen } = wired(() =>
            slow ? new Promise((resolve) => setImmediate(resolve)) : undefined,
          );
          const sdk = client({ name: "test" }).connect(wire.stream);
          const expected: Seen[] = [];
          let text = "";
          const answers: Promise<unknown>[] = [];
          for (const [n, each] of kinds.entries()) {
            if (each === "response") {
              const id = answers.length;
              answers.push(
                sdk.agent
                  .request(`method/${id}`, {})
                  .then(() => seen.filter((entry) => entry.startsWith("up")).length),
              );
              text += response(id);
              expected.push(`answered method/${id}`);
            } else {
              slow ||= each === "slow update";
              text += update(n);
              expected.push(`update ${n}`);
            }
          }
          await new Promise((resolve) => setImmediate(resolve));
          const bytes = Buffer.from(text);
          for (let at = 0; at < bytes.length; at += size) stdout.write(bytes.subarray(at, at + size));
          stdout.end();
          const counts = await Promise.all(answers);
          await wire.ended;
          expect(seen).toEqual(expected);
          for (const [id, count] of counts.entries()) {
            const before = expected.slice(0, expected.indexOf(`answered method/${id}`));
            expect(count).toBeGreaterThanOrEqual(before.filter((entry) => entry.startsWith("up")).length);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("[A-12] while the listener is not ready nothing more is read", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { wire, stdout, seen } = wired(() => gate);
    stdout.write(update(0));
    await until("the first update came", () => seen.length === 1);
    let written = 0;
    while (stdout.write(update(1))) written += 1;
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["update 0"]);
    expect(stdout.writableNeedDrain).toBe(true);
    release();
    stdout.end();
    await wire.ended;
    expect(seen).toHaveLength(written + 2);
  });

  test("[A-27, A-12] a request that the listener is not ready for is passed on once it is, and nothing behind it is read before", async () => {
    const gate = Promise.withResolvers<void>();
    const { wire, stdout, seen } = wired(undefined, undefined, () => gate.promise);
    let isAsked = false;
    client({ name: "test" })
      .onRequest(
        "session/request_permission",
        (params) => params,
        async () => {
          isAsked = true;
          return { outcome: { outcome: "cancelled" as const } };
        },
      )
      .connect(wire.stream);
    const request = { jsonrpc: "2.0", id: 1, method: "session/request_permission", params: {} };
    stdout.write(`${JSON.stringify(request)}\n${update(0)}`);
    await until("it came", () => seen.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect([seen, isAsked]).toEqual([["asked session/request_permission"], false]);
    gate.resolve();
    await until("it was passed on", () => isAsked);
    stdout.end();
    await wire.ended;
    expect(seen).toEqual(["asked session/request_permission", "update 0"]);
  });

  test("[A-12] a wire that is released waits for nobody", async () => {
    const { wire, stdout, seen } = wired(() => new Promise(() => undefined));
    stdout.end(update(0) + update(1));
    await until("the first update came", () => seen.length === 1);
    wire.release();
    await wire.ended;
    expect(seen).toEqual(["update 0", "update 1"]);
  });

  test("[A-12] noise, unknown answers and unknown notifications are told, and nothing is written for them", async () => {
    const { wire, stdin, stdout, seen } = wired();
    client({ name: "test" }).connect(wire.stream);
    stdout.write("hello\n[1]\n");
    stdout.write(response(99));
    stdout.write(`${JSON.stringify({ jsonrpc: "2.0", method: "_auth/status_update" })}\n`);
    stdout.end(`${JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32_700, message: "x" } })}\n`);
    await wire.ended;
    expect(seen.map((entry) => entry.split(" ")[1])).toEqual([
      "noise",
      "noise",
      "response",
      "_auth/status_update",
      "response",
    ]);
    expect(wire.noiseLines).toBe(2);
    expect(stdin.read()).toBeNull();
  });

  test("[A-12] a response that is over the limit fails the request that waits for it", async () => {
    const { wire, stdout } = wired();
    const sdk = client({ name: "test" }).connect(wire.stream);
    const answer = sdk.agent.request("session/prompt", {});
    await new Promise((resolve) => setImmediate(resolve));
    stdout.write('{"jsonrpc":"2.0","id":0,"result":{"text":"');
    for (let mebibyte = 0; mebibyte < 33; mebibyte += 1) stdout.write("x".repeat(1024 * 1024));
    stdout.end('"}}\n');
    await expect(answer).rejects.toThrow(RequestError);
    await expect(answer).rejects.toThrow(/bytes/);
  });

  test("[A-12] a listener that throws does not end the loop, nor keep the message from the SDK", async () => {
    const broken = () => {
      throw new Error("broken");
    };
    const { wire, stdin, stdout } = wired(broken, broken);
    const sdk = client({ name: "test" }).connect(wire.stream);
    const answer = sdk.agent.request("session/prompt", {});
    await until("it was sent", () => stdin.readableLength > 0);
    stdout.end(update(0) + response(0));
    expect(await answer).toEqual({ id: 0 });
    await wire.ended;
  });

  test("[A-12] a listener that throws in its promise does not end the loop", async () => {
    const { wire, stdout, seen } = wired(() => Promise.reject(new Error("broken")));
    stdout.end(update(0) + update(1));
    await wire.ended;
    expect(seen).toEqual(["update 0", "update 1"]);
  });
});
