import { HoldfastApiError, HoldfastConnectionError } from "@holdfast/client";
import type { Input } from "@holdfast/protocol";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type Sent } from "./outbox.ts";

// What the page's data reaches for when it is loaded.
vi.hoisted(() => vi.stubGlobal("window", new EventTarget()));
afterAll(() => vi.unstubAllGlobals());

const NOW = 1_800_000_000_000;

const sent = (key: string, at = NOW): Sent => ({ key, at, text: `say ${key}`, files: [], delivery: "queue" });

const refusal = (status: number) =>
  new HoldfastApiError({
    type: "",
    title: "",
    status,
    code: "CONFLICT",
    detail: `refused with ${status}`,
    requestId: "",
  });
const silence = () => new HoldfastConnectionError("no answer");

/** A server that is asked and answers when it is told to. */
class Server {
  readonly asked: string[] = [];
  #answers: { resolve: (input: Input) => void; reject: (error: Error) => void }[] = [];

  admit = (one: Sent): Promise<Input> => {
    this.asked.push(one.key);
    const { promise, resolve, reject } = Promise.withResolvers<Input>();
    this.#answers.push({ resolve, reject });
    return promise;
  };

  accept(): void {
    this.#answers.shift()?.resolve({ id: `inp_${this.asked.at(-1)}` } as Input);
  }

  fail(error: Error): void {
    this.#answers.shift()?.reject(error);
  }
}

describe("the outbox", () => {
  let server: Server;
  let kept: Map<string, Sent>;
  const open = (): Outbox =>
    new Outbox(
      {
        read: () => [...kept.values()],
        keep: (one) => void kept.set(one.key, one),
        drop: (key) => void kept.delete(key),
      },
      server.admit,
      NOW,
    );
  const states = (outbox: Outbox) => outbox.items.get().map(({ key, state }) => `${key} ${state}`);
  const settle = () => new Promise((resume) => setTimeout(resume, 0));

  beforeEach(() => {
    server = new Server();
    kept = new Map();
  });

  test("[I-15, D-5] more is sent while the first is under way: in order, one at a time, each with its key", async () => {
    const outbox = open();
    const accepted: string[] = [];
    outbox.listen(({ id }) => accepted.push(id));
    for (const key of ["a", "b", "c"]) outbox.put(sent(key));
    expect([states(outbox), server.asked]).toEqual([["a sending", "b waiting", "c waiting"], ["a"]]);
    for (const asked of [
      ["a", "b"],
      ["a", "b", "c"],
    ]) {
      server.accept();
      await settle();
      expect(server.asked).toEqual(asked);
    }
    server.accept();
    await settle();
    expect([outbox.items.get(), kept.size, accepted]).toEqual([[], 0, ["inp_a", "inp_b", "inp_c"]]);
  });

  test("[D-5] what got no answer holds up the rest, and is repeated with its key", async () => {
    const outbox = open();
    for (const key of ["a", "b"]) outbox.put(sent(key));
    server.fail(silence());
    await settle();
    expect(states(outbox)).toEqual(["a unanswered", "b waiting"]);
    expect([...kept.keys()]).toEqual(["a", "b"]);
    outbox.retry();
    server.accept();
    await settle();
    expect([states(outbox), server.asked]).toEqual([["b sending"], ["a", "a", "b"]]);
  });

  test.each([
    [409, ["a refused", "b sending"]],
    [422, ["a refused", "b sending"]],
    [429, ["a unanswered", "b waiting"]],
    [503, ["a unanswered", "b waiting"]],
  ])("[I-3, I-15] an answer of %i leaves %j", async (status, expected) => {
    const outbox = open();
    for (const key of ["a", "b"]) outbox.put(sent(key));
    server.fail(refusal(status));
    await settle();
    expect(states(outbox)).toEqual(expected);
    expect(outbox.items.get()[0]?.problem).toBe(`refused with ${status}`);
  });

  test("[I-15] what is under way is not taken back; what holds up the rest is, and the rest goes on", async () => {
    const outbox = open();
    for (const key of ["a", "b"]) outbox.put(sent(key));
    outbox.takeBack("a");
    expect(states(outbox)).toEqual(["a sending", "b waiting"]);
    server.fail(silence());
    await settle();
    outbox.takeBack("a");
    expect([states(outbox), [...kept.keys()]]).toEqual([["b sending"], ["b"]]);
  });

  test("[D-5, I-15] after a reload it goes on in order with the same keys; what is old waits for a word", async () => {
    for (const one of [sent("b", NOW - 1_000), sent("a", NOW - 2_000)]) kept.set(one.key, one);
    expect(states(open())).toEqual(["a sending", "b waiting"]);
    kept.set("old", sent("old", NOW - 3_600_000));
    const outbox = open();
    expect(states(outbox)).toEqual(["old unanswered", "a unanswered", "b unanswered"]);
    outbox.retry();
    expect(server.asked).toEqual(["a", "old"]);
  });
});
