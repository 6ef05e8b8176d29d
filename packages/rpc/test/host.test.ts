import { FakeClock, silentLogger, systemClock } from "@holdfast/kernel";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RpcHost } from "../src/host/index.ts";
import { startThread, type StartThread, type ThreadEars } from "../src/host/thread.ts";
import type { ToThread } from "../src/wire.ts";
import { counterMain } from "./counter.ts";

const SCOPE = { peer: "127.0.0.1", isBatch: false };

/** A peer that keeps what it is told. */
function peer() {
  const told = { texts: [] as string[], over: [] as string[], redeemed: 0 };
  return {
    told,
    text: (text: string) => void told.texts.push(text),
    took: () => undefined,
    batch: () => undefined,
    redeemed: () => void (told.redeemed += 1),
    over: (end: string) => void told.over.push(end),
  };
}

describe("a thread that is ill", () => {
  const start = startThread(new URL("./fixture/ill-thread.ts", import.meta.url));
  let host: RpcHost | undefined;
  afterEach(() => host?.stop());

  test.each(["spin", "throw", "reject", "fill"])(
    "[S-29] is replaced when it does this: %s; its connections end, and the next one works",
    async (deed) => {
      host = new RpcHost({ start, methods: [], clock: systemClock, logger: silentLogger });
      const { main } = counterMain();
      const [one, other, next] = [peer(), peer(), peer()];
      const bad = host.open(main, one, SCOPE);
      host.open(main, other, SCOPE).receive("hello");
      await vi.waitFor(() => expect(other.told.texts).toEqual(["heard hello"]));
      bad.receive(deed);
      await vi.waitFor(() => expect([one.told.over, other.told.over]).toEqual([["replaced"], ["replaced"]]));
      host.open(main, next, SCOPE).receive("hello");
      await vi.waitFor(() => expect(next.told.texts).toEqual(["heard hello"]));
    },
  );
});

/** A thread that is what the test says, and its host by a clock of the test. */
function rig() {
  const clock = new FakeClock();
  const posted: ToThread[] = [];
  const started: ThreadEars[] = [];
  let workMs = 0;
  let terminated = 0;
  const start: StartThread = (ears) => {
    started.push(ears);
    return {
      post: (words) => void posted.push(words),
      workMs: () => Promise.resolve(workMs),
      terminate: () => void (terminated += 1),
    };
  };
  const host = new RpcHost({ start, methods: [], clock, logger: silentLogger });
  /** So much time goes by, a tenth of a second after the other. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { host, posted, started, pass, work: (ms: number) => (workMs += ms), terminated: () => terminated };
}

describe("a thread that says nothing", () => {
  test("[S-29] is replaced once it worked for a second without an answer, and not before", async () => {
    const { host, started, pass, work, terminated } = rig();
    const one = peer();
    host.open(counterMain().main, one, SCOPE);
    started[0]?.onWords({ type: "ready" });
    await pass(500);
    work(400);
    await pass(1_500);
    expect(terminated()).toBe(0);
    work(800);
    await pass(500);
    expect(terminated()).toBe(1);
    expect(one.told.over).toEqual(["replaced"]);
  });

  test("[S-29] that does not get to work is replaced after ten seconds", async () => {
    const { host, started, pass, terminated } = rig();
    host.open(counterMain().main, peer(), SCOPE);
    started[0]?.onWords({ type: "ready" });
    await pass(9_000);
    expect(terminated()).toBe(0);
    await pass(2_000);
    expect(terminated()).toBe(1);
  });

  test("[S-29] is left alone while it answers", async () => {
    const { host, posted, started, pass, work, terminated } = rig();
    host.open(counterMain().main, peer(), SCOPE);
    started[0]?.onWords({ type: "ready" });
    for (let second = 0; second < 30; second += 1) {
      await pass(300);
      work(300);
      const ping = posted.filter((words) => words.type === "ping").at(-1);
      if (ping?.type === "ping") started[0]?.onWords({ type: "pong", ping: ping.ping });
    }
    expect(terminated()).toBe(0);
  });

  test("[S-29] is replaced when it does not start within half a minute", async () => {
    const { host, pass, terminated } = rig();
    host.open(counterMain().main, peer(), SCOPE);
    await pass(29_000);
    expect(terminated()).toBe(0);
    await pass(2_000);
    expect(terminated()).toBe(1);
  });

  test("[S-12] a call that takes longer than half a minute is answered without its result", async () => {
    const { host, posted, started, pass } = rig();
    host.open({ methods: ["hang"], facts: {}, call: () => new Promise(() => undefined) }, peer(), SCOPE);
    started[0]?.onWords({ type: "call", session: 1, call: 1, handle: 1, method: "hang", args: [] });
    await pass(29_000);
    expect(posted.some(({ type }) => type === "outcome")).toBe(false);
    await pass(2_000);
    expect(posted.find(({ type }) => type === "outcome")).toMatchObject({
      outcome: { error: { code: "INTERNAL" } },
    });
  });
});
