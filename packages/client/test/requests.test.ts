import { readFileSync } from "node:fs";
import {
  createClient,
  HoldfastApiError,
  HoldfastConnectionError,
  HoldfastContractError,
  isApiError,
} from "@holdfast/client";
import { describe, expect, test } from "vitest";
import { problem, scriptedServer, sendJson } from "./scripted-server.ts";

const rows = JSON.parse(
  readFileSync(new URL("../../protocol/test/examples/v1/rows.json", import.meta.url), "utf8"),
) as Record<string, unknown>;
const quick = { retryBaseMs: 2, retryCapMs: 10 };
const clientOf = (url: string, limits = {}) =>
  createClient({ url, token: "secret", limits: { ...quick, ...limits } });

describe("[D-5] requests that may be repeated are, and only those", () => {
  test("[D-5] a POST carries a key, and its retries carry the same", async () => {
    const server = await scriptedServer(
      (exchange) => exchange.response.destroy(),
      (exchange) => sendJson(exchange, 503, problem(503, "STORAGE_UNAVAILABLE"), { "retry-after": "0" }),
      (exchange) => sendJson(exchange, 201, rows["session"]),
      (exchange) => sendJson(exchange, 201, rows["session"]),
    );
    const client = clientOf(server.url);
    await client.createSession({ directory: "/p" });
    await client.createSession({ directory: "/p" });
    const keys = server.seen.map((exchange) => exchange.request.headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys.slice(0, 3)).toEqual(Array(3).fill(keys[0]));
    expect(keys[3]).not.toBe(keys[0]);
    expect(server.seen.map((exchange) => exchange.body)).toEqual(Array(4).fill('{"directory":"/p"}'));
    expect(server.seen[0]?.request.headers.authorization).toBe("Bearer secret");
  });

  test("[D-5] the caller's own key is used", async () => {
    const server = await scriptedServer((exchange) => sendJson(exchange, 200, rows["turn"]));
    await clientOf(server.url).cancelTurn("trn_1", { idempotencyKey: "mine" });
    expect(server.seen[0]?.request.headers["idempotency-key"]).toBe("mine");
    expect(server.seen[0]?.url.pathname).toBe("/api/turns/trn_1/cancel");
  });

  test.each([
    [409, "CONFLICT"],
    [429, "RATE_LIMITED"],
    [500, "INTERNAL"],
    [503, "CLAIM_LOST"],
  ])("[I-3] %i %s is not repeated and comes as its problem", async (status, code) => {
    const server = await scriptedServer((exchange) =>
      sendJson(exchange, status, { ...problem(status, code), paths: ["a"] }, { "retry-after": "7" }),
    );
    const failure: unknown = await clientOf(server.url)
      .health()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HoldfastApiError);
    expect(failure).toMatchObject({
      code,
      status,
      retryAfterMs: 7_000,
      problem: { paths: ["a"], requestId: "req" },
    });
    expect(server.seen.length).toBe(1);
  });

  test("[D-5] retries end: by their number, and by the deadline", async () => {
    const server = await scriptedServer((exchange) => exchange.response.destroy());
    await expect(clientOf(server.url, { retries: 2 }).health()).rejects.toBeInstanceOf(
      HoldfastConnectionError,
    );
    expect(server.seen.length).toBe(3);
    await expect(clientOf(server.url, { retryDeadlineMs: 0 }).health()).rejects.toBeInstanceOf(
      HoldfastConnectionError,
    );
    expect(server.seen.length).toBe(4);
  });

  test("[D-5] a server that asks for more patience than there is, is not asked again", async () => {
    const server = await scriptedServer((exchange) =>
      sendJson(exchange, 503, problem(503, "SHUTTING_DOWN"), { "retry-after": "3600" }),
    );
    await expect(clientOf(server.url).health()).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    expect(server.seen.length).toBe(1);
  });

  test("[D-5] a deletion whose answer got lost is done, a deletion of nothing is not", async () => {
    const server = await scriptedServer(
      (exchange) => exchange.response.destroy(),
      (exchange) => sendJson(exchange, 404, problem(404, "NOT_FOUND")),
    );
    await clientOf(server.url).deleteSession("ses_1", { discard: true });
    expect(server.seen[1]?.url.search).toBe("?discard=true");
    await expect(clientOf(server.url).deleteSession("ses_1")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("[I-3] answers are checked", () => {
  test("[I-3] a code that this client does not know is still an API error", async () => {
    const server = await scriptedServer((exchange) => sendJson(exchange, 418, problem(418, "TEAPOT")));
    const failure: unknown = await clientOf(server.url)
      .health()
      .catch((error: unknown) => error);
    expect(isApiError(failure)).toBe(true);
    expect(isApiError(failure, "NOT_FOUND")).toBe(false);
    expect(failure).toMatchObject({ code: "TEAPOT" });
  });

  test("[I-3] a refusal of something that is not Holdfast says so", async () => {
    const server = await scriptedServer(({ response }) =>
      response.writeHead(502).end("<html>bad gateway</html>"),
    );
    await expect(clientOf(server.url).health()).rejects.toMatchObject({
      status: 502,
      code: "INTERNAL",
      message: "HTTP 502 without a problem document from /api/health.",
    });
  });

  test.each([['"ok"'], ["{"], [""], ['{"status":"fine","version":"1"}']])(
    "[I-3] the answer %j is refused",
    async (text) => {
      const server = await scriptedServer(({ response }) => response.end(text));
      await expect(clientOf(server.url).health()).rejects.toBeInstanceOf(HoldfastContractError);
    },
  );

  test("[I-6] a redirect is not followed: the token goes nowhere else", async () => {
    const other = await scriptedServer((exchange) => sendJson(exchange, 200, { status: "ok", version: "1" }));
    const server = await scriptedServer(({ response }) =>
      response.writeHead(302, { location: other.url }).end(),
    );
    await expect(clientOf(server.url, { retries: 0 }).health()).rejects.toBeInstanceOf(
      HoldfastConnectionError,
    );
    expect(other.seen).toEqual([]);
  });
});

describe("[I-2] waiting for a turn", () => {
  const input = { parts: [{ type: "text" as const, text: "hi" }] };

  test("[I-2] its end gives the messages, running out of time what was admitted", async () => {
    const admitted = {
      input: rows["input"],
      turn: rows["turn"],
      message: { info: userMessage(), parts: [] },
    };
    const server = await scriptedServer(
      (exchange) => sendJson(exchange, 200, { turn: rows["turn"], messages: [] }),
      (exchange) => sendJson(exchange, 202, admitted),
    );
    const client = clientOf(server.url);
    expect(await client.admitInputAndWait("ses_1", input, { timeoutMs: 1_000 })).toMatchObject({
      ended: true,
      messages: [],
    });
    expect(await client.admitInputAndWait("ses_1", input, { timeoutMs: 1_000 })).toMatchObject({
      ended: false,
    });
    expect(server.seen[0]?.url.search).toBe("?wait=true&timeout=1000");
  });

  test("[I-2] the wait is longer than the limit of other requests, and a signal ends it", async () => {
    const stop = new AbortController();
    const server = await scriptedServer(() => setImmediate(() => stop.abort(new Error("left"))));
    const waiting = clientOf(server.url, { requestTimeoutMs: 1 }).admitInputAndWait("ses_1", input, {
      timeoutMs: 60_000,
      signal: stop.signal,
    });
    await expect(waiting).rejects.toThrow("left");
    expect(server.seen.length).toBe(1);
  });
});

function userMessage(): unknown {
  const messages = JSON.parse(
    readFileSync(new URL("../../protocol/test/examples/v1/messages.json", import.meta.url), "utf8"),
  ) as Record<string, unknown>;
  return messages["user.queued"];
}
