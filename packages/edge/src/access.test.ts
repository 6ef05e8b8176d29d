import { FakeClock, HoldfastError } from "@holdfast/kernel";
import type { TokenId } from "@holdfast/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { Access, type TokenStore } from "./access.ts";
import { bodyHash } from "./body.ts";
import { TokenBuckets } from "./token-bucket.ts";

type Row = Parameters<TokenStore["putBrowserToken"]>[0];

class TokensInMemory implements TokenStore {
  readonly rows = new Map<string, Row>();
  touches = 0;
  isBroken = false;

  async putBrowserToken(row: Row): Promise<void> {
    if (this.isBroken) throw new HoldfastError("STORAGE_UNAVAILABLE", "The disk is full.");
    this.rows.set(row.hash, row);
  }
  async touchBrowserToken({ id }: { id: TokenId }): Promise<void> {
    this.touches += 1;
    for (const row of this.rows.values()) if (row.id === id) row.used = Number.MAX_SAFE_INTEGER;
  }
  async revokeBrowserTokens({ id }: { id: TokenId }): Promise<boolean> {
    const row = [...this.rows.values()].find((candidate) => candidate.id === id);
    return row !== undefined && this.rows.delete(row.hash);
  }
  async findBrowserToken(hash: string): Promise<Row | undefined> {
    return this.rows.get(hash);
  }
  async listBrowserTokens(): Promise<Row[]> {
    return [...this.rows.values()];
  }
}

describe("who may come in", () => {
  let clock: FakeClock;
  let tokens: TokensInMemory;
  let access: Access;
  const serverToken = "s".repeat(32);
  const proofKey = "5".repeat(64);

  beforeEach(() => {
    clock = new FakeClock();
    tokens = new TokensInMemory();
    access = new Access({ tokens, serverToken, proofKey, clock });
  });

  const exchange = (code: string, key?: string) =>
    access.exchange({ code, address: "::1", agent: "Browser/1", key });
  const identify = (token: string) => access.identify(`Bearer ${token}`, "::1");

  test("[I-6] the server's token is the owner; a token of 31 characters is refused at start", async () => {
    expect((await identify(serverToken)).actor).toMatchObject({ id: "owner", kind: "owner" });
    expect(() => new Access({ tokens, serverToken: "s".repeat(31), proofKey, clock })).toThrow(
      "fewer than 32",
    );
  });

  test("[I-6] a token that is nearly the server's is nobody's", async () => {
    const longer = `${serverToken}s`;
    for (const token of [serverToken.slice(0, -1), longer, serverToken.toUpperCase(), "s"])
      await expect(identify(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("[I-6] a code is good once and for a minute, and its token is stored hashed for 30 days", async () => {
    const { code, expiresAt } = access.issueCode(undefined);
    expect([code.length, expiresAt]).toEqual([32, clock.now() + 60_000]);
    const { token } = await exchange(code);
    await expect(exchange(code)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const [row] = [...tokens.rows.values()];
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row).toMatchObject({ label: "Browser/1", expires: clock.now() + 30 * 86_400_000 });
    expect((await identify(token)).actor).toEqual({ id: row?.id, kind: "browser", label: "Browser/1" });
    clock.advance(30 * 86_400_000);
    await expect(identify(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await access.list()).toEqual([]);
    const late = access.issueCode(undefined);
    clock.advance(60_000);
    await expect(exchange(late.code)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("[D-5] a repeated exchange under its key gets the same token, another key gets nothing", async () => {
    const { code } = access.issueCode("k");
    expect(access.issueCode("k")).toMatchObject({ code, replayed: true });
    const first = await exchange(code, "a");
    expect(await exchange(code, "a")).toEqual({ token: first.token, replayed: true });
    await expect(exchange(code, "b")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(tokens.rows.size).toBe(1);
  });

  test("[D-5] an exchange that could not be stored is not repeated as if it had been", async () => {
    const { code } = access.issueCode(undefined);
    tokens.isBroken = true;
    await expect(exchange(code, "a")).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    tokens.isBroken = false;
    await expect(exchange(code, "a")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("[I-6] a browser token may send 200 requests per second, and its use is noted at most once a minute", async () => {
    const { token } = await exchange(access.issueCode(undefined).code);
    for (let sent = 0; sent < 200; sent += 1) await identify(token);
    await expect(identify(token)).rejects.toMatchObject({ code: "RATE_LIMITED", data: { retryAfter: 1 } });
    clock.advance(5);
    await identify(token);
    await expect(identify(token)).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(tokens.touches).toBe(1);
  });

  test("[I-6] wrong codes count as failed credentials, ten a minute and address", async () => {
    for (let tried = 0; tried < 10; tried += 1)
      await expect(exchange("0".repeat(32))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(exchange("0".repeat(32))).rejects.toMatchObject({
      code: "RATE_LIMITED",
      data: { retryAfter: 6 },
    });
    clock.advance(6_000);
    await expect(exchange("0".repeat(32))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("[I-6] a revoked token is gone at once, and whoever must know is told", async () => {
    const { token } = await exchange(access.issueCode(undefined).code);
    const told: string[] = [];
    access.onRevoked((id) => told.push(id));
    const [info] = await access.list();
    await access.revoke(info?.id as TokenId);
    await expect(identify(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(told).toEqual([info?.id]);
    await expect(access.revoke(info?.id as TokenId)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("[I-6] buckets are bounded: the least recently used is forgotten", () => {
    const buckets = new TokenBuckets(clock, { burst: 1, perSecond: 1 }, 2);
    expect([buckets.take("a"), buckets.take("b"), buckets.take("a")]).toEqual([undefined, undefined, 1000]);
    buckets.take("c");
    expect([buckets.take("b"), buckets.take("c")]).toEqual([undefined, 1000]);
  });

  test("[D-5] bodies are equal however their keys are ordered, and different when they differ", () => {
    expect(bodyHash({ a: 1, b: { c: [1, { d: 2, e: 3 }] } })).toBe(
      bodyHash({ b: { c: [1, { e: 3, d: 2 }] }, a: 1 }),
    );
    const different = [
      undefined,
      null,
      {},
      [],
      { a: 1 },
      { a: "1" },
      [["a", 1]],
      { sorted: [["a", 1]] },
      [1, 2],
      [2, 1],
    ];
    expect(new Set(different.map(bodyHash)).size).toBe(different.length);
  });
});
