import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { newId, systemClock } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { askListCode, createRestTransport } from "./rest-transport.ts";
import type { ShareTransport } from "./share-transport.ts";

const SHARE = newId("shr");
const HELLO = { storeId: "s", state: "live", capabilityEpoch: 1, writerEpoch: 1, time: 1 };

type Seen = {
  method: string;
  url: string;
  authorization: string | undefined;
  type: string | undefined;
  body: string;
};
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A service that answers as it is told, and what it was asked. */
async function service(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const seen: Seen[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const { method = "", url = "", headers } = request;
    const body = Buffer.concat(chunks).toString();
    seen.push({ method, url, authorization: headers.authorization, type: headers["content-type"], body });
    answer(response, request);
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const transport = createRestTransport(origin, systemClock);
  closing.push(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, seen, origin };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(body));
const hello = (transport: ShareTransport) =>
  transport.call({ method: "hello", shareId: SHARE, secret: "hfs_x", args: {} });

test("[S-11] a call is one request with its secret as the bearer, and the answer is looked at", async () => {
  const { transport, seen } = await service(json(200, HELLO));
  expect(await hello(transport)).toEqual({ outcome: "answered", result: HELLO });
  expect(seen).toEqual([
    {
      method: "POST",
      url: `/api/shares/${SHARE}/hello`,
      authorization: "Bearer hfs_x",
      type: "application/json",
      body: "{}",
    },
  ]);
  const audit = {
    method: "readAudit",
    shareId: SHARE,
    secret: "k",
    args: { before: "a b", limit: 2 },
  } as const;
  expect(await transport.call(audit)).toMatchObject({ outcome: "unknown", reason: "strange" });
  expect(seen[1]?.url).toBe(`/api/shares/${SHARE}/audit?before=a+b&limit=2`);
});

test("[S-9] a blob is put under its hash", async () => {
  const { transport, seen } = await service(json(200, {}));
  const bytes = new TextEncoder().encode("content");
  const put = { shareId: SHARE, secret: "s", hash: "ab", bytes } as const;
  expect(await transport.putBlob(put)).toEqual({ outcome: "answered", result: null });
  expect(seen[0]).toMatchObject({
    method: "PUT",
    url: `/api/shares/${SHARE}/blobs/ab`,
    type: "application/octet-stream",
    body: "content",
  });
});

test("[S-35] a code for the list of shares is asked for with the key alone", async () => {
  const code = { code: "c".repeat(32), expiresAt: 1 };
  const { origin, seen } = await service(json(201, code));
  expect(await askListCode(origin, "key", systemClock)).toEqual({ outcome: "answered", result: code });
  expect(seen[0]).toMatchObject({ method: "POST", url: "/api/auth/codes", authorization: "Bearer key" });
  const strange = await service(json(201, { token: "t" }));
  expect(await askListCode(strange.origin, "key", systemClock)).toMatchObject({ outcome: "unknown" });
});

test.each([
  [
    "a refusal of ours",
    json(409, { code: "SEQ_GAP", expected: 4 }),
    { outcome: "refused", code: "SEQ_GAP", data: { expected: 4 } },
  ],
  [
    "a refusal with a time",
    json(429, { code: "RATE_LIMITED" }, { "retry-after": "7" }),
    { outcome: "refused", retryAfterMs: 7_000 },
  ],
  ["an unknown code", json(409, { code: "SOMETHING" }), { outcome: "unknown" }],
  [
    "an error of a proxy",
    json(502, "down", { "retry-after": "3" }),
    { outcome: "unknown", retryAfterMs: 3_000 },
  ],
  ["no such door", json(404, {}), { outcome: "missing" }],
  [
    "a redirect, which is not followed",
    json(302, {}, { location: "http://127.0.0.1:1/" }),
    { outcome: "missing" },
  ],
  ["an answer of another shape", json(200, { storeId: 1 }), { outcome: "unknown", reason: "strange" }],
  [
    "half an answer",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      response.destroy();
    },
    { outcome: "unknown" },
  ],
  ["no answer", (response: ServerResponse): void => void response.destroy(), { outcome: "unknown" }],
  [
    "an endless answer",
    (response: ServerResponse) => {
      const more = (): void => {
        while (response.write("x".repeat(65_536)));
      };
      response.on("drain", more).on("error", () => undefined);
      more();
    },
    { outcome: "unknown", reason: "too long" },
  ],
] as const)("[S-6, S-31] %s is told apart from the others", async (_what, answer, expected) => {
  const { transport, seen } = await service(answer);
  expect(await hello(transport)).toMatchObject(expected);
  expect(seen).toHaveLength(1);
});

test("[S-6] closing ends what waits for its answer, as unknown", async () => {
  const { transport } = await service(() => transport.close());
  expect(await hello(transport)).toMatchObject({ outcome: "unknown" });
});
