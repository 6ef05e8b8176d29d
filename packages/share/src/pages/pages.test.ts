import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FakeClock, HoldfastError, silentLogger, systemClock } from "@holdfast/kernel";
import type { RedeemedShare, Right, SharedSession } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ShareCaller } from "../service/index.ts";
import { ListCodes } from "./list-codes.ts";
import { createPages, type Pages } from "./pages.ts";
import { Renderer } from "./renderer.ts";

const SHARE = "shr_00000000000000000000000001" as RedeemedShare["shareId"];
const READ = "hfs_read";
const STRONG = "hfs_strong";
const KEY = "publish-key";

/** A renderer that shows what it was given, and does what a text of it says. */
const RENDERER = `export function render(request) {
  const title = request.shared?.session?.title ?? "";
  if (title === "for ever") for (;;);
  if (title === "throw") throw new Error(title);
  if (title === "memory") { const all = []; for (;;) all.push(new Array(1e6).fill(title)); }
  return JSON.stringify({ page: request.page, title, older: request.isOlder, env: Object.keys(process.env) });
}`;

/** The service that the pages stand on: one share, whose ref a test may end. */
class FakeService {
  isRevoked = false;
  title = "A session";
  status: "idle" | "busy" = "idle";
  seq = 1;
  reads = 0;

  redeemLink = ({ bearer }: ShareCaller): Promise<RedeemedShare> => {
    const rights: Right[] | undefined = { [READ]: ["read"], [STRONG]: ["read", "comment"] }[
      bearer ?? ""
    ] as Right[];
    if (this.isRevoked || rights === undefined) return Promise.reject(gone());
    return Promise.resolve({
      shareId: SHARE,
      refId: "ref_00000000000000000000000001" as RedeemedShare["refId"],
      title: this.title,
      rights,
      caveats: {},
      capabilityEpoch: 1,
      cursor: 1,
    });
  };

  call = (method: string, { caller }: { caller: ShareCaller }): Promise<never> => {
    if (method === "listShares")
      return caller.bearer === KEY ? answered({ items: [] }) : Promise.reject(unknown());
    if (this.isRevoked) return Promise.reject(gone());
    if (method === "readSession") return answered(this.session());
    this.reads += 1;
    return answered({ items: [], seq: this.seq });
  };

  getBlob = ({ hash }: { hash: string }) =>
    hash === "ab"
      ? Promise.resolve({ bytes: Buffer.from("<script>"), mime: "text/html" })
      : Promise.reject(gone());

  session(): SharedSession {
    return {
      shareId: SHARE,
      session: { title: this.title, agent: "a", status: this.status, time: { created: 1, updated: 1 } },
      models: [],
      omitted: [],
      seq: this.seq,
    };
  }
}

/** What outlives a start of the service. */
class FakeSnapshots {
  readonly kept = new Map<string, string>();
  read = ({ shareId, seq, state }: { shareId: string; seq: number; state: string }) =>
    Promise.resolve(this.kept.get(`${shareId} ${seq} ${state}`));
  keep = ({ shareId, seq, state }: { shareId: string; seq: number; state: string }, document: string) => {
    this.kept.set(`${shareId} ${seq} ${state}`, document);
    return Promise.resolve();
  };
}

const answered = (value: unknown): Promise<never> => Promise.resolve(value as never);
const gone = () => new HoldfastError("REF_NOT_VALID", "no");
const unknown = () => new HoldfastError("UNAUTHENTICATED", "no");

const directory = mkdtempSync(join(tmpdir(), "holdfast-pages-"));
const rendererModule = pathToFileURL(join(directory, "render.js"));
const service = new FakeService();
const snapshots = new FakeSnapshots();
let pages: Pages;
let base: string;
const server = createServer((incoming, outgoing) => {
  if (pages.takes(incoming.url ?? "/")) void pages.answer(incoming, outgoing);
  else outgoing.writeHead(404).end("none of theirs");
});

const newPages = (): Pages =>
  createPages({
    service: service as never,
    snapshots,
    addressOf: () => "127.0.0.1",
    clock: systemClock,
    logger: silentLogger,
    directory,
  });

beforeAll(async () => {
  mkdirSync(join(directory, "assets"));
  writeFileSync(join(directory, "assets/main-1.js"), "script");
  writeFileSync(join(directory, "secret.txt"), "not served");
  writeFileSync(join(directory, "icon.svg"), "<svg/>");
  writeFileSync(join(directory, "render.js"), RENDERER);
  writeFileSync(
    join(directory, "manifest.json"),
    JSON.stringify({ "src/shared/main.tsx": { file: "assets/main-1.js", css: [] } }),
  );
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  pages = newPages();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await pages.close();
  server.close();
  rmSync(directory, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(base + path, { headers });
const post = (path: string, bearer: string | undefined, body: unknown) =>
  fetch(base + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(body),
  });

describe("the pages of a share service", () => {
  test("[S-12] a read link is a document that no cache and no search engine keeps, written without an environment", async () => {
    const answer = await get(`/s/${READ}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-robots-tag")).toBe("noindex, nofollow");
    expect(await answer.json()).toEqual({ page: "session", title: "A session", older: false, env: [] });
    expect(await (await get(`/s/${READ}?before=x`)).json()).toMatchObject({ older: true });
  });

  test("[S-12] a document is written once for what it shows, and the grant is looked at each time", async () => {
    service.seq += 1;
    await get(`/s/${READ}`);
    const { reads } = service;
    await get(`/s/${READ}`);
    expect(service.reads).toBe(reads);
    service.isRevoked = true;
    expect((await get(`/s/${READ}`)).status).toBe(404);
    service.isRevoked = false;
    service.seq += 1;
    await get(`/s/${READ}`);
    expect(service.reads).toBeGreaterThan(reads);
  });

  test("[S-19, S-12] a session at rest is written once, also over a start, and the grant is looked at each time; one that works is not kept", async () => {
    const first = await (await get(`/s/${READ}`)).text();
    await pages.close();
    pages = newPages();
    const { reads } = service;
    expect(await (await get(`/s/${READ}`)).text()).toBe(first);
    expect(service.reads).toBe(reads);
    service.isRevoked = true;
    expect((await get(`/s/${READ}`)).status).toBe(404);
    service.isRevoked = false;
    const { size } = snapshots.kept;
    service.status = "busy";
    service.seq += 1;
    await get(`/s/${READ}`);
    service.status = "idle";
    await get(`/s/${READ}?before=x`);
    expect(snapshots.kept.size).toBe(size);
  });

  test("[S-15] unknown, revoked and stronger refs in a path get one and the same page", async () => {
    const unknownLink = await get("/s/hfs_unknown");
    service.isRevoked = true;
    const revoked = await get(`/s/${READ}`);
    service.isRevoked = false;
    const strong = await get(`/s/${STRONG}`);
    const texts = await Promise.all([unknownLink, revoked, strong].map((answer) => answer.text()));
    expect([unknownLink.status, revoked.status, strong.status]).toEqual([404, 404, 404]);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('"gone"');
  });

  test("[S-9] a file of a share is only ever saved", async () => {
    const answer = await get(`/s/${READ}?blob=ab`);
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("content-disposition")).toBe("attachment");
    expect(answer.headers.get("content-security-policy")).toMatch(/^sandbox;/);
    expect((await get(`/s/${READ}?blob=cd`)).status).toBe(404);
  });

  test.each([
    "/secret.txt",
    "/assets/../secret.txt",
    "/assets/..%2fsecret.txt",
    "/render.js",
    "/manifest.json",
    "/s/",
    "/s/a/b",
  ])("[S-12] %s is nothing", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test("[S-12] what everybody may load is kept for ever where its name holds its hash", async () => {
    expect((await get("/assets/main-1.js")).headers.get("cache-control")).toContain("immutable");
    expect((await get("/icon.svg")).headers.get("cache-control")).toBe("no-cache");
  });

  test("[S-12] a session that cannot be written ends its thread at most, and is read by its script", async () => {
    service.title = "throw";
    service.seq += 1;
    expect(await (await get(`/s/${READ}`)).json()).toMatchObject({ page: "tooLong" });
    service.title = "A session";
    service.seq += 1;
    expect(await (await get(`/s/${READ}`)).json()).toMatchObject({ page: "session" });
  });

  test("[S-12] what takes too long, or too much memory, is ended, and the next document is written by another thread", async () => {
    const renderer = new Renderer(systemClock, rendererModule, { documentMs: 1_000, heapMiB: 16 });
    const titled = (title: string) => ({ page: "session", shared: { session: { title } } }) as never;
    expect(await renderer.render(titled("for ever"))).toEqual({ gaveUp: "tooLong" });
    expect(await renderer.render(titled("memory"))).toEqual({ gaveUp: "tooLong" });
    expect(await renderer.render(titled("short"))).toHaveProperty("document");
    await renderer.close();
  });

  test("[S-12] who finds too many documents waiting is told to come later", async () => {
    const renderer = new Renderer(systemClock, rendererModule);
    const request = { page: "gone", assets: { script: "", styles: [] } } as const;
    const all = await Promise.all(Array.from({ length: 40 }, () => renderer.render(request)));
    await renderer.close();
    expect(all.filter((one) => "gaveUp" in one && one.gaveUp === "busy")).toHaveLength(8);
    expect(all.filter((one) => "document" in one)).toHaveLength(32);
  });

  test("[S-35] the list opens by a code that works once, and the key never comes back", async () => {
    expect((await post("/api/auth/codes", "another-key", {})).status).toBe(401);
    const made = await post("/api/auth/codes", KEY, {});
    expect(made.status).toBe(201);
    const { code } = (await made.json()) as { code: string };
    const opened = await post("/api/auth/browser", undefined, { code });
    const { token } = (await opened.json()) as { token: string };
    expect(token).not.toBe(KEY);
    expect((await post("/api/auth/browser", undefined, { code })).status).toBe(401);
    expect(await (await get("/api/listing", { authorization: `Bearer ${token}` })).json()).toEqual({
      items: [],
    });
    expect((await get("/api/listing", { authorization: `Bearer ${KEY}` })).status).toBe(401);
    expect((await get("/api/listing?limit=x", { authorization: `Bearer ${token}` })).status).toBe(400);
  });

  test("[S-35] codes and what they open end by time", () => {
    const clock = new FakeClock();
    const codes = new ListCodes(clock);
    const { code } = codes.make(KEY);
    clock.advance(61_000);
    expect(() => codes.exchange(code)).toThrow("older than a minute");
    const { token } = codes.exchange(codes.make(KEY).code);
    expect(codes.keyOf(token)).toBe(KEY);
    clock.advance(31 * 60_000);
    expect(() => codes.keyOf(token)).toThrow("too long ago");
  });
});
