import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../../../test/harness/until.ts";
import { toolPlace, type ToolPlace } from "../../test/tool-place.ts";
import { privateKind } from "./web/index.ts";
import { webfetchTool } from "./webfetch.ts";

let place: ToolPlace;
let server: Server;
let port: number;
let answer: RequestListener;
const seen: { host: string | undefined; url: string | undefined; names: string[] }[] = [];
/** What names resolve to; each look-up takes the next. */
let names: Record<string, string[][]>;

const tool = webfetchTool((host) => {
  const left = names[host] ?? [];
  const found = left.length > 1 ? (left.shift() ?? []) : (left[0] ?? []);
  return Promise.resolve(found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
});
const fetchIt = (url: string, more: object = {}) => place.run(tool, { url, ...more });

beforeEach(async () => {
  place = await toolPlace();
  seen.length = 0;
  names = { "site.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]] };
  answer = (_, response) => response.end("plain");
  server = createServer((request, response) => {
    seen.push({ host: request.headers.host, url: request.url, names: Object.keys(request.headers) });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await place[Symbol.asyncDispose]();
});

const html =
  (body: string): RequestListener =>
  (_, response) =>
    response.setHeader("content-type", "text/html; charset=utf-8").end(body);

describe("[A-26] webfetch gives", () => {
  test("a page as markdown, without what only a browser needs", async () => {
    answer = html(
      "<html><head><style>x{}</style><script>evil()</script></head><body><h1>Title</h1><p>A <a href='/b'>link</a></p><pre><code>x = 1</code></pre></body></html>",
    );
    const { output, metadata } = await fetchIt(`http://site.test:${port}/a`);
    expect(output).toBe("# Title\n\nA [link](/b)\n\n```\nx = 1\n```");
    expect(metadata).toEqual({ url: `http://site.test:${port}/a`, status: 200, type: "text/html" });
    expect((await fetchIt(`http://site.test:${port}/a`, { format: "html" })).output).toContain(
      "<h1>Title</h1>",
    );
  });

  test("text as it is, in its own characters, and images as attachments", async () => {
    answer = (_, response) =>
      response.setHeader("content-type", "text/plain; charset=iso-8859-1").end(Buffer.from([0xfc]));
    expect((await fetchIt(`http://site.test:${port}`)).output).toBe("ü");
    answer = (_, response) => response.setHeader("content-type", "image/png").end("bytes");
    expect((await fetchIt(`http://site.test:${port}`)).attachments).toEqual([
      { mime: "image/png", data: Buffer.from("bytes").toString("base64") },
    ]);
  });

  test("nothing of this program's own to the server", async () => {
    await fetchIt(`http://site.test:${port}/a?b#c`);
    expect(seen).toEqual([
      {
        host: `site.test:${port}`,
        url: "/a?b",
        names: ["accept", "accept-encoding", "user-agent", "host", "connection"],
      },
    ]);
  });
});

describe("[A-26] webfetch refuses", () => {
  test.each<[string, RegExp]>([
    ["file:///etc/passwd", /http:\/\/ or https:\/\//],
    ["site.test/a", /http:\/\/ or https:\/\//],
    ["http://me:secret@site.test/", /name and password/],
    ["http://none.test/", /no host none\.test/],
  ])("%s", async (url, problem) => {
    await expect(fetchIt(url)).rejects.toThrow(problem);
    expect(seen).toEqual([]);
  });

  test.each<[string, RequestListener, RegExp]>([
    ["an error", (_, response) => response.writeHead(404).end("not here"), /answers 404\.\nnot here/],
    ["what is no text", (_, response) => response.end(Buffer.from("a\0b")), /which is no text/],
    ["too much", (_, response) => response.end(Buffer.alloc(6 * 1024 * 1024, 97)), /more than 5242880 bytes/],
    [
      "a packed answer that nobody asked for",
      (_, response) => response.setHeader("content-encoding", "gzip").end("x"),
      /encoding gzip/,
    ],
    [
      "a redirect without end",
      (_, response) => response.writeHead(302, { location: "/again" }).end(),
      /more than 5 times/,
    ],
    [
      "a redirect to a file",
      (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
      /Only http/,
    ],
    ["a connection that breaks", (request) => request.socket.destroy(), /cannot be fetched: ECONNRESET/],
  ])("%s", async (_what, listener, problem) => {
    answer = listener;
    await expect(fetchIt(`http://site.test:${port}/`)).rejects.toThrow(problem);
  });

  test("to wait longer than its time, for a body, too", async () => {
    const clock = new FakeClock();
    place.clock = clock;
    answer = (_, response) => response.write("begun");
    const fetching = fetchIt(`http://site.test:${port}/`, { timeout: 5 });
    await until("the request", () => seen.length > 0);
    clock.advance(5_000);
    await expect(fetching).rejects.toThrow(/did not answer within 5 s/);
  });

  test("to go on when the turn is stopped", async () => {
    answer = () => place.leave.abort(new Error("stopped"));
    await expect(fetchIt(`http://site.test:${port}/`)).rejects.toThrow("stopped");
  });
});

describe("[A-19] before anything leaves", () => {
  test("somebody is asked: for the address, and again for one inside of the machine's networks", async () => {
    await fetchIt(`http://site.test:${port}/`);
    expect(place.permits.map(({ kind, patterns }) => [kind, patterns])).toEqual([
      ["fetch", [`http://site.test:${port}/`]],
      ["fetch", [`private:http://site.test:${port}`]],
    ]);
    place.permits.length = 0;
    await fetchIt(`http://127.0.0.1:${port}/`);
    expect(place.permits.map(({ patterns }) => patterns)).toEqual([
      [`http://127.0.0.1:${port}/`, `private:http://127.0.0.1:${port}`],
    ]);
  });

  test("each redirect is looked at", async () => {
    answer = (request, response) =>
      request.headers.host?.startsWith("site.test") === true
        ? response.writeHead(302, { location: `http://other.test:${port}/secret` }).end()
        : response.end("secret");
    place.onPermit = ({ patterns: [pattern] }) =>
      pattern?.includes("other.test") === true ? Promise.reject(new Error("no")) : undefined;
    await expect(fetchIt(`http://site.test:${port}/`)).rejects.toThrow("no");
    expect(seen.map(({ url }) => url)).toEqual(["/"]);
  });

  test("a name that resolves to another address a moment later leads to the one that was looked at", async () => {
    names["site.test"] = [["127.0.0.1"], ["192.0.2.1"]];
    expect((await fetchIt(`http://site.test:${port}/`)).output).toBe("plain");
    expect(names["site.test"]).toEqual([["192.0.2.1"]]);
  });

  test("a name of which one address is inside counts as inside", async () => {
    names["site.test"] = [["93.184.215.14", "127.0.0.1"]];
    place.onPermit = ({ patterns: [pattern] }) =>
      pattern?.startsWith("private:") === true ? Promise.reject(new Error("no")) : undefined;
    await expect(fetchIt(`http://site.test:${port}/`)).rejects.toThrow("no");
    expect(seen).toEqual([]);
  });
});

test.each<[string, string | undefined]>([
  ["93.184.215.14", undefined],
  ["2606:4700::1111", undefined],
  ["127.8.9.1", "loopback"],
  ["::1", "loopback"],
  ["10.1.2.3", "private"],
  ["172.31.0.1", "private"],
  ["172.32.0.1", undefined],
  ["192.168.1.1", "private"],
  ["100.100.0.1", "private"],
  ["169.254.169.254", "link-local"],
  ["fe80::1%eth0", "link-local"],
  ["fd00::1", "private"],
  ["0.0.0.0", "reserved"],
  ["::", "reserved"],
  ["224.0.0.1", "reserved"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:a9fe:a9fe", "link-local"],
  ["::127.0.0.1", "loopback"],
  ["64:ff9b::7f00:1", "loopback"],
  ["2002:7f00:1::", "loopback"],
  ["localhost", "unknown"],
])("[A-26] %s is %s", (address, kind) => {
  expect(privateKind(address)).toBe(kind);
});
