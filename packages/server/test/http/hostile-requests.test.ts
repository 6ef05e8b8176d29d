import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@holdfast/kernel";
import { ERROR_CODES, type ErrorCode, HTTP_LIMITS, problemSchema } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawBytes, rawRequest } from "./raw-request.ts";
import { ServerUnderTest, TOKEN } from "./server-under-test.ts";

/** The machine's clock with timers a thousand times as fast, so that deadlines of minutes pass in a test. */
const hastyClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 1000, run) };

const BEARER = { authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = { ...BEARER, "content-type": "application/json" };
const INPUTS = "/api/sessions/ses_00000000000000000000000000/inputs";

/** What is wrong with an answer that should be a problem document with this code (I-3). */
function problemFaults(answer: { status: number; text: string }, code: ErrorCode): string[] {
  const faults: string[] = [];
  const problem = problemSchema.safeParse(JSON.parse(answer.text === "" ? "null" : answer.text)).data;
  if (problem === undefined) return [`no problem document: ${answer.status} ${answer.text.slice(0, 200)}`];
  if (problem.code !== code) faults.push(`the code is ${problem.code}`);
  if (answer.status !== ERROR_CODES[code].status || problem.status !== answer.status)
    faults.push(`the status is ${answer.status}, in the document ${problem.status}`);
  if (!/^[0-9a-f]{16}$/.test(problem.requestId)) faults.push("there is no request id");
  if (/\.ts:|node_modules|at \w+ \(/.test(answer.text)) faults.push("it shows a stack");
  return faults;
}

describe("hostile requests", () => {
  let server: ServerUnderTest;
  let hasty: ServerUnderTest;
  let own = "";
  beforeAll(async () => {
    [server, hasty] = await Promise.all([
      ServerUnderTest.start(),
      ServerUnderTest.start({ clock: hastyClock }),
    ]);
    own = `127.0.0.1:${server.port}`;
  });
  afterAll(async () => {
    await Promise.all([server[Symbol.asyncDispose](), hasty[Symbol.asyncDispose]()]);
  });

  test.each(["localhost", "127.0.0.1", "[::1]"])(
    "[I-6] the loopback name %s with the port is ours",
    async (name) => {
      const headers = { host: `${name}:${server.port}`, ...BEARER };
      expect((await rawRequest(server.port, { path: "/api/agents", headers })).status).toBe(200);
    },
  );

  test.each([
    ["another name", "evil.test"],
    ["another name with our port", "evil.test:PORT"],
    ["our name with another port", "127.0.0.1:1"],
    ["our name without the port", "localhost"],
    ["a name that begins as ours", "localhost.evil.test:PORT"],
    ["a trailing dot", "localhost.:PORT"],
    ["an address of the network", "0.0.0.0:PORT"],
    ["a decimal address", "2130706433:PORT"],
    ["a user before the name", "user@127.0.0.1:PORT"],
  ])(
    "[I-6] DNS rebinding: Host with %s is refused, also with a good token and everywhere",
    async (_, host) => {
      const headers = { host: host.replace("PORT", String(server.port)), ...BEARER };
      for (const path of ["/api/health", "/api/agents", "/", "/nothing"]) {
        expect(problemFaults(await rawRequest(server.port, { path, headers }), "HOST_NOT_ALLOWED")).toEqual(
          [],
        );
      }
    },
  );

  test("[I-6] two Host headers, none, and a target with another host are refused", async () => {
    const ask = (lines: string[]): Promise<string> =>
      rawBytes(server.port, [...lines, "connection: close", "", ""].join("\r\n"));
    expect(await ask(["GET /api/health HTTP/1.1"])).toContain("HOST_NOT_ALLOWED");
    expect(await ask(["GET /api/health HTTP/1.1", `host: ${own}`, "host: evil.test"])).toMatch(
      /HOST_NOT_ALLOWED|INVALID_REQUEST/,
    );
    expect(await ask(["GET http://evil.test/api/health HTTP/1.1", `host: ${own}`])).toContain(
      "INVALID_REQUEST",
    );
  });

  test.each([
    ["another site", "https://evil.test"],
    ["rebinding", "http://evil.test:PORT"],
    ["an opaque page", "null"],
    ["another port of this machine", "http://127.0.0.1:1"],
    ["https where we speak http", "https://127.0.0.1:PORT"],
    ["something that only begins as ours", "http://127.0.0.1:PORT.evil.test"],
  ])("[I-6] an Origin of %s is refused under the API, also on reads", async (_, origin) => {
    const headers = { host: own, ...BEARER, origin: origin.replace("PORT", String(server.port)) };
    for (const method of ["GET", "POST", "OPTIONS", "DELETE"]) {
      const answer = await rawRequest(server.port, { method, path: "/api/sessions", headers });
      expect(problemFaults(answer, "ORIGIN_NOT_ALLOWED")).toEqual([]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("[I-6] our own Origin is allowed; another site's page is refused whatever it sends", async () => {
    const ours = { host: own, ...BEARER, origin: `http://${own}`, "sec-fetch-site": "same-origin" };
    expect((await rawRequest(server.port, { path: "/api/agents", headers: ours })).status).toBe(200);
    const theirs = { host: own, ...BEARER, "sec-fetch-site": "cross-site" };
    expect(
      problemFaults(
        await rawRequest(server.port, { path: "/api/agents", headers: theirs }),
        "ORIGIN_NOT_ALLOWED",
      ),
    ).toEqual([]);
  });

  test("[I-6] there are no cookies, and security headers are on every answer", async () => {
    const cookie = { host: own, cookie: `token=${TOKEN}` };
    const answers = [
      await rawRequest(server.port, { path: "/api/agents", headers: cookie }),
      await rawRequest(server.port, { path: "/api/health", headers: { host: own } }),
      await rawRequest(server.port, { path: "/nothing", headers: { host: own } }),
      await rawRequest(server.port, { path: "/api/agents", headers: { host: "evil.test" } }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([401, 200, 404, 403]);
    for (const { headers } of answers) {
      expect(headers["set-cookie"]).toBeUndefined();
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
  });

  test.each([
    ["no token", {}],
    ["an empty one", { authorization: "" }],
    ["another scheme", { authorization: `Basic ${TOKEN}` }],
    ["a wrong one", { authorization: `Bearer ${TOKEN}x` }],
    ["a part of it", { authorization: `Bearer ${TOKEN.slice(1)}` }],
    ["the token as a query", {}, `?token=${TOKEN}`],
  ])("[I-6] %s is not a credential", async (_, headers: Record<string, string>, query = "") => {
    const answer = await rawRequest(server.port, {
      path: `/api/agents${query}`,
      headers: { host: own, ...headers },
    });
    expect(problemFaults(answer, "UNAUTHENTICATED")).toEqual([]);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const broken: [string, ErrorCode, Record<string, string>, string | Buffer][] = [
    ["a form", "UNSUPPORTED_TYPE", { "content-type": "application/x-www-form-urlencoded" }, "a=1"],
    ["JSON called text", "UNSUPPORTED_TYPE", { "content-type": "text/plain" }, "{}"],
    ["JSON without a type", "UNSUPPORTED_TYPE", {}, "{}"],
    [
      "JSON in another charset",
      "UNSUPPORTED_TYPE",
      { "content-type": "application/json; charset=utf-16" },
      "{}",
    ],
    ["a compressed body", "UNSUPPORTED_TYPE", { ...JSON_TYPE, "content-encoding": "gzip" }, "{}"],
    ["cut JSON", "INVALID_REQUEST", JSON_TYPE, `{"parts":[`],
    ["two values", "INVALID_REQUEST", JSON_TYPE, "{} {}"],
    ["no value", "INVALID_REQUEST", JSON_TYPE, ""],
    ["bytes that are no UTF-8", "INVALID_REQUEST", JSON_TYPE, Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ["a list where an object belongs", "INVALID_REQUEST", JSON_TYPE, "[]"],
    ["an unknown field", "INVALID_REQUEST", JSON_TYPE, `{"parts":[{"type":"text","text":"a"}],"extra":1}`],
    ["no parts", "INVALID_REQUEST", JSON_TYPE, `{"parts":[]}`],
    ["a part of no known type", "INVALID_REQUEST", JSON_TYPE, `{"parts":[{"type":"tool"}]}`],
    ["65 levels", "INVALID_REQUEST", JSON_TYPE, deep(65)],
    ["a million levels", "INVALID_REQUEST", JSON_TYPE, deep(1_000_000)],
    ["levels hidden behind an escape", "INVALID_REQUEST", JSON_TYPE, `["\\"",${deep(64)}]`],
  ];

  test.each(broken)("[I-3] a body with %s is a problem", async (_, code, headers, body) => {
    const answer = await rawRequest(server.port, {
      method: "POST",
      path: INPUTS,
      headers: { host: own, ...BEARER, ...headers, "content-length": String(Buffer.byteLength(body)) },
      body,
    });
    expect(problemFaults(answer, code)).toEqual([]);
  });

  test("[I-6] brackets in strings are no levels", async () => {
    const body = JSON.stringify({ parts: [{ type: "text", text: "[".repeat(1000) }] });
    const answer = await rawRequest(server.port, {
      method: "POST",
      path: INPUTS,
      headers: { host: own, ...JSON_TYPE },
      body,
    });
    expect(problemFaults(answer, "NOT_FOUND")).toEqual([]);
  });

  test("[I-6] a body nests 64 levels and not one more, also where anything may stand", async () => {
    const nested = (levels: number): string =>
      `{"parts":[{"type":"text","text":"a"}],"format":{"type":"json_schema","schema":${`{"a":`.repeat(levels - 2)}1${"}".repeat(levels - 2)}}}`;
    const post = (body: string) =>
      rawRequest(server.port, { method: "POST", path: INPUTS, headers: { host: own, ...JSON_TYPE }, body });
    expect(problemFaults(await post(nested(64)), "NOT_FOUND")).toEqual([]);
    expect(problemFaults(await post(nested(65)), "INVALID_REQUEST")).toEqual([]);
  });

  test("[I-6] a body of 16 MiB is read and one byte more is refused, chunked or not", async () => {
    const fill = (size: number): string => JSON.stringify({ parts: "x".repeat(size - 12) });
    const whole = fill(HTTP_LIMITS.bodyBytes);
    expect(Buffer.byteLength(whole)).toBe(HTTP_LIMITS.bodyBytes);
    const post = (body: string, headers: Record<string, string>) =>
      rawRequest(server.port, {
        method: "POST",
        path: INPUTS,
        headers: { host: own, ...JSON_TYPE, ...headers },
        body,
      });
    const sized = (body: string) => ({ "content-length": String(Buffer.byteLength(body)) });
    const over = fill(HTTP_LIMITS.bodyBytes + 1);
    expect(problemFaults(await post(whole, sized(whole)), "INVALID_REQUEST")).toEqual([]);
    expect(problemFaults(await post(over, sized(over)), "TOO_LARGE")).toEqual([]);
    expect(problemFaults(await post(over, { "transfer-encoding": "chunked" }), "TOO_LARGE")).toEqual([]);
  });

  test("[I-6] a body that trickles is cut at its deadline", async () => {
    const answer = await rawBytes(
      hasty.port,
      [
        `POST ${INPUTS} HTTP/1.1`,
        `host: 127.0.0.1:${hasty.port}`,
        `authorization: Bearer ${TOKEN}`,
        "content-type: application/json",
        "content-length: 1000",
        "",
        '{"parts":',
      ].join("\r\n"),
    );
    expect(answer).toContain("HTTP/1.1 400");
    expect(answer).toContain("did not arrive within 30000 ms");
  });

  test.each([
    ["a path that is nothing", "GET", "/api/nothing"],
    ["another method", "PUT", "/api/sessions"],
    ["a method that no path takes", "PROPFIND", "/api/sessions"],
    ["an id of the wrong form", "GET", "/api/sessions/1"],
    ["an id of another kind", "GET", "/api/sessions/trn_00000000000000000000000000"],
    ["an id of nothing", "GET", "/api/sessions/ses_00000000000000000000000000"],
    ["a path above", "GET", "/api/../../etc/passwd"],
    ["a path above, encoded", "GET", "/api/sessions/%2e%2e%2f%2e%2e%2fetc%2fpasswd"],
    ["an encoding that is none", "GET", "/api/sessions/%zz"],
    ["two slashes", "GET", "//api/sessions"],
    ["a reserved path", "GET", "/api/search?q=a"],
  ])("[I-3] %s is a problem", async (_, method, path) => {
    const answer = await rawRequest(server.port, { method, path, headers: { host: own, ...BEARER } });
    expect(problemFaults(answer, "NOT_FOUND")).toEqual([]);
  });

  test("[I-3] a stream has no head, and whoever asks for one is not kept waiting", async () => {
    const answer = await rawRequest(server.port, {
      method: "HEAD",
      path: "/api/events",
      headers: { host: own, ...BEARER },
    });
    expect([answer.status, server.events.count()]).toEqual([404, 0]);
  });

  test("[I-3] another method is told which ones there are", async () => {
    const answer = await rawRequest(server.port, {
      method: "PUT",
      path: "/api/sessions",
      headers: { host: own, ...BEARER },
    });
    expect(answer.headers["allow"]).toBe("POST, GET");
  });

  test.each([
    ["limit=0", "INVALID_REQUEST"],
    ["limit=201", "INVALID_REQUEST"],
    ["limit=many", "INVALID_REQUEST"],
    ["limit=1.5", "INVALID_REQUEST"],
    ["before=%00", "CURSOR_INVALID"],
    ["before=c3RvcmUx", "CURSOR_INVALID"],
    ["before=a&after=b", "INVALID_REQUEST"],
    ["parentId=1", "INVALID_REQUEST"],
    ["archived=perhaps", "INVALID_REQUEST"],
  ] as const)("[I-4] the list query %s is refused", async (query, code) => {
    const path = `/api/sessions?${query}`;
    expect(
      problemFaults(await rawRequest(server.port, { path, headers: { host: own, ...BEARER } }), code),
    ).toEqual([]);
  });

  test.each(["", "x".repeat(256), "tab\there"])("[D-5] %j is no Idempotency-Key", async (key) => {
    const answer = await rawRequest(server.port, {
      method: "POST",
      path: "/api/auth/codes",
      headers: { host: own, ...BEARER, "idempotency-key": key },
    });
    expect(problemFaults(answer, "INVALID_REQUEST")).toEqual([]);
  });

  test("[I-3] what is no HTTP at all is answered with a problem", async () => {
    expect(await rawBytes(server.port, "\x16\x03\x01 hello\r\n\r\n")).toContain("INVALID_REQUEST");
    const headers = `GET /api/health HTTP/1.1\r\nhost: ${own}\r\nx: ${"x".repeat(40_000)}\r\n\r\n`;
    expect(await rawBytes(server.port, headers)).toContain("The headers are larger");
    const odd = `GET /api/health HTTP/1.1\r\nhost: ${own}\r\nexpect: miracles\r\nconnection: close\r\n\r\n`;
    expect(await rawBytes(server.port, odd)).toContain("INVALID_REQUEST");
  });

  test("[I-3] a refusal never shows what it refused", async () => {
    const secret = randomBytes(16).toString("hex");
    const body = JSON.stringify({ parts: [{ type: "text", text: { secret } }], delivery: secret });
    const answer = await rawRequest(server.port, {
      method: "POST",
      path: INPUTS,
      headers: { host: own, ...JSON_TYPE },
      body,
    });
    expect(problemFaults(answer, "INVALID_REQUEST")).toEqual([]);
    expect(answer.text).not.toContain(secret);
  });

  test("[I-6] after ten failed credentials in a minute an address must wait, and the owner need not", async () => {
    await using fresh = await ServerUnderTest.start();
    const host = `127.0.0.1:${fresh.port}`;
    const guess = (at: number) =>
      rawRequest(fresh.port, { path: "/api/agents", headers: { host, authorization: `Bearer guess-${at}` } });
    const statuses: number[] = [];
    for (let at = 0; at < 12; at += 1) statuses.push((await guess(at)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const refused = await guess(99);
    expect(problemFaults(refused, "RATE_LIMITED")).toEqual([]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect((await rawRequest(fresh.port, { path: "/api/agents", headers: { host, ...BEARER } })).status).toBe(
      200,
    );
  });
});
