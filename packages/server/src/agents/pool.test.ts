import { writeFileSync } from "node:fs";
import path from "node:path";
import { FakeClock, newId } from "@holdfast/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { AgentRoom } from "../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../test/agents/recorded-turn.ts";
import { poolOf, request, ScriptedBackend, sessionId } from "../../test/agents/scripted-backend.ts";
import { until } from "../../test/agents/waiting.ts";
import { createPool } from "./pool.ts";
import type { AgentFailure, AgentHandle } from "./port.ts";

describe("createPool", () => {
  test("[A-8] concurrent callers share one opening, later ones find it live", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const both = [pool.acquire(request()), pool.acquire(request())];
    const handle = await backend.succeed(0);
    expect(await Promise.all(both)).toEqual([
      { handle, live: false },
      { handle, live: true },
    ]);
    expect(await pool.acquire(request())).toEqual({ handle, live: true });
    expect(pool.find(sessionId, "a")).toBe(handle);
    expect(backend.openings).toHaveLength(1);
  });

  test("[A-8] another agent or session gets a handle of its own", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const three = [request(), request({ agent: "b" }), request({ sessionId: newId("ses") })].map((each) =>
      pool.acquire(each),
    );
    for (const index of [0, 1, 2]) await backend.succeed(index);
    expect(new Set((await Promise.all(three)).map(({ handle }) => handle)).size).toBe(3);
  });

  test("[A-8] a failed opening is forgotten, so the next caller tries again", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const failing = pool.acquire(request()).catch((error: unknown) => error);
    await until("it began", () => backend.openings.length === 1);
    backend.openings[0]?.reject(new Error("broken"));
    expect(await failing).toMatchObject({ message: "broken" });
    const again = pool.acquire(request());
    const handle = await backend.succeed(1);
    expect((await again).handle).toBe(handle);
  });

  test("[A-8] an opening goes on while anybody waits for it, and is stopped when nobody does", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const [one, other] = [new AbortController(), new AbortController()];
    const first = pool
      .acquire(request({ signal: one.signal }))
      .catch((error: unknown) => error as AgentFailure);
    const second = pool
      .acquire(request({ signal: other.signal }))
      .catch((error: unknown) => error as AgentFailure);
    await until("it began", () => backend.openings.length === 1);
    one.abort();
    expect(await first).toMatchObject({ kind: "aborted" });
    expect(backend.openings[0]?.request.signal.aborted).toBe(false);
    other.abort();
    expect(await second).toMatchObject({ kind: "aborted" });
    expect(backend.openings[0]?.request.signal.aborted).toBe(true);
    const third = pool.acquire(request());
    const handle = await backend.succeed(1);
    expect((await third).handle).toBe(handle);
  });

  test("[A-25] only so many logins run at once; the next one may begin when one has ended", async () => {
    const ends: (() => void)[] = [];
    const authenticate = () => new Promise<void>((resolve) => void ends.push(resolve));
    const pool = poolOf(Object.assign(new ScriptedBackend(), { authenticate }));
    const login = () =>
      pool.authenticate({
        sessionId,
        agent: "a",
        directory: "/",
        methodId: "m",
        signal: new AbortController().signal,
      });
    const running = [login(), login(), login(), login()];
    await until("they began", () => ends.length === 4);
    await expect(login()).rejects.toMatchObject({ code: "RATE_LIMITED" });
    ends[0]?.();
    await running[0];
    const next = login();
    await until("the next one began", () => ends.length === 5);
    for (const end of ends) end();
    await Promise.all([...running, next]);
  });

  test("[A-17] a handle has left the pool before anybody else hears of its exit", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const opening = pool.acquire(request());
    const handle = await backend.succeed(0);
    await opening;
    let found: AgentHandle | undefined = handle;
    handle.onExit(() => (found = pool.find(sessionId, "a")));
    handle.die();
    expect(found).toBeUndefined();
  });

  test("[A-17] a key is not opened again before nothing of the old handle lives", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const opening = pool.acquire(request());
    const handle = await backend.succeed(0);
    await opening;
    let release: () => void = () => undefined;
    handle.gate = new Promise((resolve) => (release = resolve));
    handle.die();
    const again = pool.acquire(request());
    await new Promise((resolve) => setImmediate(resolve));
    expect(backend.openings).toHaveLength(1);
    release();
    const next = await backend.succeed(1);
    expect(await again).toEqual({ handle: next, live: false });
  });

  test("[A-9] closing a session closes its handles and stops its openings, and leaves the others", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const other = newId("ses");
    const openings = [request(), request({ sessionId: other })].map((each) => pool.acquire(each));
    await backend.succeed(0);
    await backend.succeed(1);
    await Promise.all(openings);
    const pending = pool.acquire(request({ agent: "b" })).catch((error: unknown) => error);
    await until("it began", () => backend.openings.length === 3);
    await pool.closeSession(sessionId);
    expect(pool.find(sessionId, "a")).toBeUndefined();
    expect(pool.find(other, "a")).toBeDefined();
    expect(await pending).toBeInstanceOf(Error);
  });

  test("[A-9] dispose closes everything within its grace and refuses new work", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const opening = pool.acquire(request());
    const handle = await backend.succeed(0);
    await opening;
    await pool.dispose(1_234);
    expect(handle.graces).toEqual([1_234]);
    await expect(pool.acquire(request())).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });

  test("[A-9] dispose ends by its deadline even when a handle never closes", async () => {
    const clock = new FakeClock();
    const backend = new ScriptedBackend();
    const pool = createPool({ backendOf: async () => backend, clock });
    const opening = pool.acquire(request());
    const handle = await backend.succeed(0);
    await opening;
    handle.gate = new Promise(() => undefined);
    let isDone = false;
    const disposing = pool.dispose(1_000).then(() => (isDone = true));
    clock.advance(10_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).toBe(false);
    clock.advance(1);
    await disposing;
  });

  test("[A-3] an agent that nobody knows is unavailable", async () => {
    const pool = poolOf(new ScriptedBackend());
    await expect(pool.acquire(request({ agent: "none" }))).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("[A-8] closing by hand takes an idle handle as an eviction would, and nothing that is used or opened", async () => {
    const backend = new ScriptedBackend();
    const pool = poolOf(backend);
    const state = () => pool.list().items.map((each) => each.state);
    expect(pool.closeIdle(sessionId, "a")).toBe(true);
    const place = pool.reserve(request());
    expect(pool.closeIdle(sessionId, "a")).toBe(false);
    const opening = pool.acquire(request());
    expect(pool.closeIdle(sessionId, "a")).toBe(false);
    const handle = await backend.succeed(0);
    await opening;
    handle.idleSince = 0;
    expect(pool.closeIdle(sessionId, "a")).toBe(false);
    place?.release();
    handle.idleSince = undefined;
    expect(pool.closeIdle(sessionId, "a")).toBe(false);
    handle.idleSince = 0;
    expect(pool.closeIdle(sessionId, "b")).toBe(true);
    expect(state()).toEqual(["idle"]);

    let gone: () => void = () => undefined;
    handle.gate = new Promise((resolve) => (gone = resolve));
    expect([pool.closeIdle(sessionId, "a"), pool.closeIdle(sessionId, "a")]).toEqual([true, true]);
    expect(state()).toEqual(["closing"]);
    expect(handle.graces).toEqual([undefined]);
    const again = pool.acquire(request());
    gone();
    const next = await backend.succeed(1);
    expect(await again).toEqual({ handle: next, live: false });
  });

  test("[A-8] an idle handle is closed politely and opened again on demand; a busy one stays", async () => {
    const clock = new FakeClock();
    const backend = new ScriptedBackend();
    const pool = createPool({ backendOf: async () => backend, clock });
    const openings = [pool.acquire(request()), pool.acquire(request({ agent: "b" }))];
    const idle = await backend.succeed(0);
    const busy = await backend.succeed(1);
    await Promise.all(openings);
    idle.idleSince = clock.monotonic();
    clock.advance(29 * 60_000);
    expect(pool.find(sessionId, "a")).toBe(idle);
    await pool.acquire(request());
    clock.advance(29 * 60_000);
    expect(pool.find(sessionId, "a")).toBe(idle);
    clock.advance(60_000 + 10_000);
    expect(idle.graces).toEqual([undefined]);
    expect(pool.find(sessionId, "a")).toBeUndefined();
    expect(pool.find(sessionId, "b")).toBe(busy);
    const again = pool.acquire(request());
    const next = await backend.succeed(2);
    expect(await again).toEqual({ handle: next, live: false });
    await pool.dispose(0);
  });
});

describe("the pool with real processes", () => {
  let room: AgentRoom | undefined;

  afterEach(async () => {
    await room?.end();
    room = undefined;
  });

  test("[A-17] a child that dies in the pool crashes its prompt, although the pool cleans up after it", async () => {
    const opened = new AgentRoom();
    room = opened;
    const pool = poolOf(opened.backend);
    const { handle } = await pool.acquire(opened.request("rehearsal"));
    const exits: boolean[] = [];
    handle.onExit(({ expected }) => exits.push(expected));
    expect(await handle.prompt(opened.say("CRASH"), new RecordedTurn())).toMatchObject({
      outcome: "crashed",
    });
    expect(exits).toEqual([false]);
    expect(pool.find(opened.sessionId, "rehearsal")).toBeUndefined();
    await pool.dispose(5_000);
  });

  test("[A-8] an evicted agent goes on where it was", async () => {
    const opened = new AgentRoom();
    room = opened;
    const clock = new FakeClock();
    const pool = createPool({ backendOf: async () => opened.backend, clock, limits: { idleTtlMs: 0 } });
    const first = await pool.acquire(opened.request("rehearsal"));
    await first.handle.prompt(opened.say("REMEMBER seal"), new RecordedTurn());
    clock.advance(10_000_000);
    const { backendSessionId } = first.handle;
    const second = await pool.acquire(opened.request("rehearsal", { backendSessionId }));
    expect(second).toMatchObject({ live: false, handle: { openedBy: "resume" } });
    const turn = new RecordedTurn();
    await second.handle.prompt(opened.say("RECALL"), turn);
    expect(turn.text).toBe("seal\n");
    await pool.dispose(5_000);
  });

  test("[A-7] an agent whose program was replaced goes on in the new one, with its memory", async () => {
    const bin = path.join(import.meta.dirname, "../../../rehearsal/bin/rehearsal.js");
    const program = (home: string) => path.join(home, "own-agent.mjs");
    const write = (home: string, comment: string) =>
      writeFileSync(
        program(home),
        `#!${process.execPath}\n// ${comment}\nawait import(${JSON.stringify(bin)});\n`,
        {
          mode: 0o755,
        },
      );
    const opened = new AgentRoom((home) => {
      write(home, "one");
      return { own: { backend: "acp", command: [program(home)] } };
    });
    room = opened;
    const pool = poolOf(opened.backend);
    const first = await pool.acquire(opened.request("own"));
    await first.handle.prompt(opened.say("REMEMBER seal"), new RecordedTurn());
    const { backendSessionId } = first.handle;
    expect(await pool.acquire(opened.request("own", { backendSessionId }))).toMatchObject({ live: true });
    write(opened.home, "another one");
    const second = await pool.acquire(opened.request("own", { backendSessionId }));
    expect(second).toMatchObject({ live: false, handle: { openedBy: "resume", backendSessionId } });
    expect(first.handle.alive).toBe(false);
    const turn = new RecordedTurn();
    await second.handle.prompt(opened.say("RECALL"), turn);
    expect(turn.text).toBe("seal\n");
    await pool.dispose(5_000);
  });

  test("[A-9] nothing survives dispose, not even what an agent spawned", async () => {
    const opened = new AgentRoom();
    room = opened;
    const pool = poolOf(opened.backend);
    const { handle } = await pool.acquire(opened.request("rehearsal"));
    const turn = new RecordedTurn();
    const prompt = handle.prompt(opened.say("SPAWN\nHANG"), turn);
    await until("it spawned", () => turn.text.includes("Spawned"));
    await pool.dispose(5_000);
    expect(opened.rows.rows.size).toBe(0);
    expect(["ended", "killed"]).toContain((await prompt).outcome);
    expect(pool.find(opened.sessionId, "rehearsal")).toBeUndefined();
  });
});
