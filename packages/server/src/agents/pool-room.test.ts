import { FakeClock } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import {
  request,
  ScriptedBackend,
  type ScriptedHandle,
  sessionId,
} from "../../test/agents/scripted-backend.ts";
import { until } from "../../test/agents/waiting.ts";
import { createPool } from "./pool.ts";
import type { AgentPool, Backend } from "./port.ts";

describe("places", () => {
  const limits = { maxLive: 2 };
  const keep = (pool: AgentPool, agent: string, beyondCap = false) =>
    pool.reserve({ sessionId, agent, beyondCap });

  async function opened(pool: AgentPool, backend: ScriptedBackend, agent: string): Promise<ScriptedHandle> {
    const opening = pool.acquire(request({ agent }));
    const handle = await backend.succeed(backend.openings.length);
    await opening;
    handle.idleSince = 0;
    return handle;
  }

  test("[A-8] a place that is kept is never taken, and one that is given back is", async () => {
    const backend = new ScriptedBackend();
    const clock = new FakeClock();
    const pool = createPool({ backendOf: async () => backend, clock, limits });
    const one = keep(pool, "a");
    keep(pool, "b");
    const [a, b] = [await opened(pool, backend, "a"), await opened(pool, backend, "b")];
    let rooms = 0;
    pool.onRoom(() => (rooms += 1));
    expect(keep(pool, "c")).toBeUndefined();
    expect(keep(pool, "a")).toBeDefined();
    one?.release();
    expect(keep(pool, "c")).toBeUndefined();
    expect(rooms).toBe(1);
    keep(pool, "a")?.release();
    expect(keep(pool, "c")).toBeUndefined();
    expect([a.alive, b.alive]).toEqual([true, true]);
    await pool.dispose(0);
  });

  test("[A-8] the least recently used handle makes room, and its program is gone before the new one starts", async () => {
    const backend = new ScriptedBackend();
    const clock = new FakeClock();
    const pool = createPool({ backendOf: async () => backend, clock, limits });
    const places = [keep(pool, "a"), keep(pool, "b")];
    const [a, b] = [await opened(pool, backend, "a"), await opened(pool, backend, "b")];
    places[1]?.release();
    clock.advance(1);
    places[0]?.release();
    let release: () => void = () => undefined;
    b.gate = new Promise((resolve) => (release = resolve));
    expect(keep(pool, "c")).toBeDefined();
    expect([a.alive, b.alive]).toEqual([true, false]);
    const opening = pool.acquire(request({ agent: "c" }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(backend.openings).toHaveLength(2);
    expect(pool.list().items.map(({ agent, state }) => [agent, state])).toEqual([
      ["a", "idle"],
      ["c", "opening"],
      ["b", "closing"],
    ]);
    release();
    await backend.succeed(2);
    await opening;
    await pool.dispose(0);
  });

  test("[A-8] two that wait for the same one to leave do not both take its room", async () => {
    const backend = new ScriptedBackend();
    const pool = createPool({ backendOf: async () => backend, clock: new FakeClock(), limits });
    const places = [keep(pool, "a"), keep(pool, "b")];
    const releases: (() => void)[] = [];
    for (const agent of ["a", "b"]) {
      const handle = await opened(pool, backend, agent);
      handle.gate = new Promise((resolve) => releases.push(resolve));
    }
    for (const place of places) place?.release();
    const openings = ["c", "d"].map((agent) => {
      expect(keep(pool, agent)).toBeDefined();
      return pool.acquire(request({ agent }));
    });
    releases[0]?.();
    await until("one began", () => backend.openings.length === 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(backend.openings).toHaveLength(3);
    releases[1]?.();
    await backend.succeed(2);
    await backend.succeed(3);
    await Promise.all(openings);
    await pool.dispose(0);
  });

  test("[A-8, A-14] one that waits for a human makes room, and a child of a running turn needs none", async () => {
    const pool = createPool({ backendOf: async () => new ScriptedBackend(), clock: new FakeClock(), limits });
    const one = keep(pool, "a");
    keep(pool, "b");
    expect(keep(pool, "child", true)).toBeDefined();
    expect(keep(pool, "c")).toBeUndefined();
    one?.waiting(true);
    expect(keep(pool, "c")).toBeUndefined();
    keep(pool, "child")?.release();
    expect(pool.list()).toEqual({ items: [], limit: 2 });
    const other = createPool({
      backendOf: async () => new ScriptedBackend(),
      clock: new FakeClock(),
      limits,
    });
    const waiting = keep(other, "a");
    keep(other, "b");
    let rooms = 0;
    other.onRoom(() => (rooms += 1));
    waiting?.waiting(true);
    expect(rooms).toBe(1);
    expect(keep(other, "c")).toBeDefined();
    waiting?.waiting(false);
    expect(keep(other, "d")).toBeUndefined();
  });

  test("[A-8] memory is measured, shown, and decides what goes", async () => {
    const clock = new FakeClock();
    const backend = new ScriptedBackend();
    let bytes = 10;
    const measure = async () => [{ sessionId, agent: "a", pid: 77, bytes }];
    const pool = createPool({ backendOf: async () => backend, clock, limits: { maxBytes: 100 }, measure });
    keep(pool, "a")?.release();
    const handle = await opened(pool, backend, "a");
    clock.advance(10_000);
    await until("it was measured", () => pool.list().items[0]?.memoryBytes === 10);
    expect(pool.list().items).toMatchObject([
      { agent: "a", state: "idle", idleMs: 10_000, pid: 77, memoryBytes: 10 },
    ]);
    bytes = 101;
    clock.advance(10_000);
    await until("it was closed", () => !handle.alive);
    await pool.dispose(0);
  });

  test("[A-7, A-8] one without a process has a place and a directory as any other, and neither pid nor memory", async () => {
    const clock = new FakeClock();
    const backend = new ScriptedBackend();
    const measure = async () => [{ sessionId, agent: "other", pid: 77, bytes: 99 }];
    const pool = createPool({
      backendOf: async () => backend,
      clock,
      limits: { ...limits, maxBytes: 100 },
      measure,
    });
    const [handle, other] = [await opened(pool, backend, "a"), await opened(pool, backend, "other")];
    clock.advance(10_000);
    await until("the other one was measured", () => pool.list().items.some(({ pid }) => pid === 77));
    expect(pool.list().items).toEqual([
      { sessionId, agent: "a", state: "idle", idleMs: 10_000 },
      { sessionId, agent: "other", state: "idle", idleMs: 10_000, pid: 77, memoryBytes: 99 },
    ]);
    expect(await pool.acquire(request())).toEqual({ handle, live: true });
    expect(keep(pool, "c")).toBeDefined();
    expect([handle.alive, other.alive]).toEqual([true, false]);
    const moved = pool.acquire(request({ directory: "/other" }));
    const next = await backend.succeed(2);
    expect(await moved).toEqual({ handle: next, live: false });
    await pool.dispose(0);
  });

  test("[A-7] a handle that was opened with other MCP servers is replaced when it is idle, keeping its session", async () => {
    const backend = new ScriptedBackend();
    const pool = createPool({ backendOf: async () => backend, clock: new FakeClock() });
    const given = (word: string) => {
      const server = { type: "stdio", name: "words", command: "words", env: { WORD: word } } as const;
      return request({ backendSessionId: "b", mcpServers: [server] });
    };
    const opening = pool.acquire(given("one"));
    const first = await backend.succeed(0);
    await opening;
    first.idleSince = 0;
    expect(await pool.acquire(given("one"))).toEqual({ handle: first, live: true });
    first.idleSince = undefined;
    expect(await pool.acquire(given("two"))).toEqual({ handle: first, live: true });
    first.idleSince = 0;
    const again = pool.acquire(given("two"));
    const second = await backend.succeed(1);
    expect(await again).toEqual({ handle: second, live: false });
    expect(backend.openings[1]?.request).toMatchObject({
      backendSessionId: "b",
      mcpServers: [{ name: "words" }],
    });
    expect(first.alive).toBe(false);
    await pool.dispose(0);
  });

  test("[A-7] a handle of another program or directory is replaced when it is idle, keeping its session", async () => {
    const backend = new ScriptedBackend() as ScriptedBackend & Pick<Backend, "fingerprint">;
    let now = "f";
    backend.fingerprint = async () => now;
    const pool = createPool({ backendOf: async () => backend, clock: new FakeClock() });
    const first = await opened(pool, backend, "a");
    first.process = { fingerprint: "f" };
    expect(await pool.acquire(request())).toEqual({ handle: first, live: true });
    now = "g";
    first.idleSince = undefined;
    expect(await pool.acquire(request())).toEqual({ handle: first, live: true });
    first.idleSince = 0;
    const again = pool.acquire(request({ backendSessionId: "b" }));
    const second = await backend.succeed(1);
    expect(await again).toEqual({ handle: second, live: false });
    expect(backend.openings[1]?.request.backendSessionId).toBe("b");
    expect(first.alive).toBe(false);
    now = "f";
    second.idleSince = 0;
    second.process = { fingerprint: "f" };
    const moved = pool.acquire(request({ directory: "/other" }));
    const third = await backend.succeed(2);
    expect(await moved).toEqual({ handle: third, live: false });
    await pool.dispose(0);
  });
});
