import { symlink } from "node:fs/promises";
/** Bad requests to the real server, each with what a decent answer is. */
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { problemSchema } from "@holdfast/protocol";
import type { HoldfastProcess } from "../harness/index.ts";

export type Target = { server: HoldfastProcess; sessionId: string };
export type Verdict = { got: string; isFine: boolean };
export type HostileCase = { name: string; rules: string; run: (target: Target) => Promise<Verdict> };

type Init = Parameters<HoldfastProcess["fetch"]>[1];

/** What a request got, as `status CODE`. */
async function answerOf(response: Response): Promise<string> {
  const text = await response.text();
  const problem = problemSchema.safeParse(safeJson(text)).data;
  const isFile = text.includes("root:x:0");
  const isLeaky = /\.ts:\d|node_modules|at \w+ \(/.test(text);
  return `${response.status} ${problem?.code ?? (response.status < 400 ? "" : "(no problem document)")}${isLeaky ? " SHOWS A STACK" : ""}${isFile ? " SHOWS A FILE" : ""}`.trim();
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const expecting = (
  name: string,
  rules: string,
  wanted: string | RegExp,
  path: string | ((target: Target) => string | Promise<string>),
  init: Init | ((target: Target) => Init) = {},
): HostileCase => ({
  name,
  rules,
  run: async (target) => {
    const at = typeof path === "string" ? path : await path(target);
    const got = await target.server
      .fetch(at, typeof init === "function" ? init(target) : init)
      .then(answerOf, (error: unknown) => `connection cut (${(error as Error).name})`);
    return { got, isFine: typeof wanted === "string" ? got === wanted : wanted.test(got) };
  },
});

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Init => ({
  method: "POST",
  body,
  headers: { "content-type": "application/json", ...headers },
});
const inputs = ({ sessionId }: Target) => `/api/sessions/${sessionId}/inputs`;
const say = (text: string) => JSON.stringify({ parts: [{ type: "text", text }] });
const file = (url: string) => JSON.stringify({ parts: [{ type: "file", mime: "text/plain", url }] });
const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** Bytes as they are; what came back until the server closed, or `open` after the wait. */
function bytes(
  server: HoldfastProcess,
  chunks: readonly string[],
  waitMs: number,
  everyMs = 0,
): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let got = "";
    let at = 0;
    const began = performance.now();
    const done = (how: string) => {
      clearTimeout(timer);
      clearInterval(drip);
      socket.destroy();
      resolve(
        `${/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? "no answer"}, ${how} after ${((performance.now() - began) / 1_000).toFixed(0)} s`,
      );
    };
    const timer = setTimeout(() => done("open"), waitMs);
    socket.on("data", (chunk: Buffer) => (got += chunk.toString("latin1")));
    socket.on("error", () => done("closed"));
    socket.on("close", () => done("closed"));
    const next = () => {
      const chunk = chunks[at];
      at += 1;
      if (chunk !== undefined && socket.writable) socket.write(chunk);
    };
    next();
    const drip = setInterval(next, Math.max(1, everyMs));
  });
}

const closing = (
  name: string,
  rules: string,
  wanted: RegExp,
  chunks: (target: Target) => readonly string[],
  waitMs: number,
  everyMs = 0,
): HostileCase => ({
  name,
  rules,
  run: async (target) => {
    const got = await bytes(target.server, chunks(target), waitMs, everyMs);
    return { got, isFine: wanted.test(got) };
  },
});

const head = ({ server }: Target, path: string, more = "") =>
  `POST ${path} HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\n${more}`;

const MIB = 1024 * 1024;
const REFUSED = /^4\d\d [A-Z_]+$/;

export const HTTP_CASES: readonly HostileCase[] = [
  expecting("a body of 50 MB", "I-6", "413 TOO_LARGE", inputs, post(say("x".repeat(50 * MIB)))),
  expecting("a body of 17 MB", "I-6", "413 TOO_LARGE", inputs, post(say("x".repeat(17 * MIB)))),
  expecting("JSON 5,000 deep", "I-6", REFUSED, inputs, post(deep(5_000))),
  expecting("JSON 2 million brackets deep", "I-6", REFUSED, inputs, post("[".repeat(2_000_000))),
  expecting(
    "a number of a million digits",
    "I-3",
    REFUSED,
    inputs,
    post(`{"parts":${"9".repeat(1_000_000)}}`),
  ),
  expecting(
    "bytes that are no UTF-8",
    "I-3",
    REFUSED,
    inputs,
    post(Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  ),
  expecting(
    "a compressed body",
    "I-6",
    REFUSED,
    inputs,
    post(Uint8Array.from(gzipSync(say("hello"))), { "content-encoding": "gzip" }),
  ),
  expecting("a wrong media type", "I-6", "415 UNSUPPORTED_TYPE", inputs, {
    method: "POST",
    body: say("x"),
    headers: { "content-type": "text/plain" },
  }),
  expecting("a form", "I-6", "415 UNSUPPORTED_TYPE", inputs, {
    method: "POST",
    body: "a=b",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  }),
  expecting("cut JSON", "I-3", "400 INVALID_REQUEST", inputs, post('{"parts":[{"type":"te')),
  expecting("an empty body", "I-3", "400 INVALID_REQUEST", inputs, post("")),
  expecting(
    "NUL and lone surrogates are kept out, the rest is taken",
    "I-5",
    "202",
    inputs,
    post('{"parts":[{"type":"text","text":"SAY a\\u0000b\\ud800c"}]}'),
  ),
  expecting("members named __proto__", "I-3", REFUSED, inputs, post('{"__proto__":{"a":1},"parts":[]}')),
  expecting(
    "300 parts",
    "I-3",
    REFUSED,
    inputs,
    post(JSON.stringify({ parts: Array.from({ length: 300 }, () => ({ type: "text", text: "x" })) })),
  ),
  expecting("a guessed session", "I-21", "404 NOT_FOUND", "/api/sessions/ses_00000000000000000000000000"),
  expecting("a session's id that is none", "I-3", REFUSED, "/api/sessions/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
  expecting(
    "a path that climbs gets the page at most",
    "I-6",
    /^(200|4\d\d [A-Z_]+)$/,
    "/api/../../../../etc/passwd",
  ),
  expecting(
    "a page's path that climbs",
    "I-6",
    /^(200|404 NOT_FOUND)$/,
    "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
  ),
  expecting(
    "a file outside of the workspace",
    "I-6",
    "422 PATH_ESCAPES",
    inputs,
    post(file("../../../../etc/passwd")),
  ),
  expecting(
    "a file: URL outside of the workspace",
    "I-6",
    "422 PATH_ESCAPES",
    inputs,
    post(file("file:///etc/passwd")),
  ),
  expecting(
    "a link that leads out",
    "I-6",
    "422 PATH_ESCAPES",
    async (target) => {
      const { directory } = await target.server.client.getSession(target.sessionId);
      await symlink("/etc", join(directory, "way-out")).catch(() => undefined);
      return inputs(target);
    },
    post(file("way-out/passwd")),
  ),
  expecting("a URL of another scheme", "I-6", REFUSED, inputs, post(file("gopher://127.0.0.1/"))),
  expecting("a data: URL that is none", "I-3", REFUSED, inputs, post(file("data:text/plain;base64,@@@@"))),
  expecting(
    "a directory that is none",
    "I-3",
    REFUSED,
    "/api/sessions",
    post(JSON.stringify({ directory: "/dev/null" })),
  ),
  expecting(
    "a directory with a NUL",
    "I-3",
    REFUSED,
    "/api/sessions",
    post(JSON.stringify({ directory: "/tmp/\u0000x" })),
  ),
  expecting(
    "an invalid cursor",
    "I-4",
    "400 CURSOR_INVALID",
    (target) => `/api/sessions/${target.sessionId}/messages?before=nonsense`,
  ),
  expecting(
    "an invalid stream cursor",
    "D-23",
    "400 CURSOR_INVALID",
    (target) => `/api/sessions/${target.sessionId}/events?after=-1`,
  ),
  expecting("a limit of a billion", "I-4", REFUSED, "/api/sessions?limit=1000000000"),
  expecting("a query of 20 KB", "I-6", REFUSED, `/api/sessions?title=${"x".repeat(20_000)}`),
  expecting("no token", "I-6", "401 UNAUTHENTICATED", "/api/sessions", { headers: { authorization: "" } }),
  expecting(
    "the token in the address",
    "I-6",
    "401 UNAUTHENTICATED",
    ({ server }) => `/api/sessions?token=${server.token}`,
    { headers: { authorization: "" } },
  ),
  expecting("the token's first half", "I-6", "401 UNAUTHENTICATED", "/api/sessions", ({ server }) => ({
    headers: { authorization: `Bearer ${server.token.slice(0, 32)}` },
  })),
  expecting("another origin", "I-6", "403 ORIGIN_NOT_ALLOWED", "/api/sessions", {
    headers: { origin: "http://evil.test" },
  }),
  expecting("a cross-site request", "I-6", "403 ORIGIN_NOT_ALLOWED", "/api/sessions", {
    headers: { "sec-fetch-site": "cross-site" },
  }),
  expecting(
    "a key of 1,000 characters",
    "D-5",
    REFUSED,
    inputs,
    post(say("x"), { "idempotency-key": "k".repeat(1_000) }),
  ),
  expecting("PUT", "I-2", "404 NOT_FOUND", inputs, {
    method: "PUT",
    body: "{}",
    headers: { "content-type": "application/json" },
  }),
  expecting("OPTIONS from another origin", "I-6", "403 ORIGIN_NOT_ALLOWED", inputs, {
    method: "OPTIONS",
    headers: { origin: "http://evil.test", "access-control-request-method": "POST" },
  }),
  closing(
    "another Host (DNS rebinding)",
    "I-6",
    /^403/,
    () => ["GET /api/sessions HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"],
    60_000,
  ),
  closing(
    "two Host headers",
    "I-6",
    /^40[03]/,
    ({ server }) => [
      `GET /api/health HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nHost: evil.test\r\nConnection: close\r\n\r\n`,
    ],
    60_000,
  ),
  closing(
    "two lengths",
    "I-6",
    /^400/,
    (target) => [head(target, "/api/sessions", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")],
    60_000,
  ),
  closing(
    "a length and chunks (smuggling)",
    "I-6",
    /^400/,
    (target) => [
      head(target, "/api/sessions", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
    60_000,
  ),
  closing(
    "an upgrade",
    "I-6",
    /^(4|2)\d\d/,
    ({ server }) => [
      `GET /api/events HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    60_000,
  ),
  closing(
    "bytes that are no HTTP",
    "I-6",
    /^400/,
    () => ["\u0016\u0003\u0001\u0002\u0000garbage\r\n\r\n"],
    60_000,
  ),
  closing(
    "64 KB of headers",
    "I-6",
    /^4(00|31)/,
    ({ server }) => [
      `GET / HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nX: ${"x".repeat(65_536)}\r\n\r\n`,
    ],
    60_000,
  ),
  closing(
    "headers one byte a second",
    "I-6",
    /closed after \d+ s/,
    ({ server }) =>
      `GET / HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nX-Slow: ${"x".repeat(60)}`.split(""),
    90_000,
    1_000,
  ),
  closing(
    "a body that stops half-way",
    "I-6",
    /closed after \d+ s/,
    (target) => [head(target, "/api/sessions", 'Content-Length: 5000\r\n\r\n{"directory":')],
    90_000,
  ),
  closing("a connection that says nothing", "I-6", /closed after \d+ s/, () => [], 90_000),
];
