import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Heard, type Tabs, SharedStream } from "./index.ts";

const BEAT_MS = 5_000;

let names = 0;

/** One stream of numbers, as each window opens it: from behind the last that it heard. */
class NumberWindow {
  readonly heard: Heard<number>[] = [];
  readonly opened: number[] = [];
  readonly #stop = new AbortController();
  failure: unknown;
  #tick: (() => void) | undefined;
  readonly done: Promise<void>;

  constructor(name: string, tabs: Tabs, refused = false, isLeading = false) {
    const last = () => this.heard.at(-1)?.item ?? 0;
    const opened = this.opened;
    const wait = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        this.#tick = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    async function* open(signal: AbortSignal): AsyncGenerator<number> {
      if (refused) throw new Error("refused");
      let next = last();
      opened.push(next);
      for (;;) {
        await wait(signal);
        if (signal.aborted) return;
        yield (next += 1);
      }
    }
    const stream = new SharedStream<number>(name, { open, greeting: last }, tabs);
    this.done = this.#read(stream, isLeading).catch((error: unknown) => void (this.failure = error));
  }

  get items(): number[] {
    return this.heard.map(({ item }) => item);
  }

  /** Lets the stream that this window has open bring one more. */
  tick(): void {
    this.#tick?.();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  async #read(stream: SharedStream<number>, isLeading: boolean): Promise<void> {
    for await (const heard of stream.follow(this.#stop.signal, isLeading)) this.heard.push(heard);
  }
}

describe("a stream that windows share", () => {
  const tabs: Tabs = { locks: navigator.locks, channel: (name) => new BroadcastChannel(name) };
  let name: string;
  let windows: NumberWindow[];

  beforeEach(() => {
    name = `test ${(names += 1)}`;
    windows = [];
  });
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(windows.map((one) => one.close()));
  });

  const open = (...more: [Tabs?, boolean?, boolean?]): NumberWindow => {
    const one = new NumberWindow(name, more[0] ?? tabs, more[1], more[2]);
    windows.push(one);
    return one;
  };
  const leads = (one: NumberWindow) => vi.waitFor(() => expect(one.opened).not.toEqual([]));

  test("[I-16] one window opens it, and all hear the same", async () => {
    const first = open();
    await leads(first);
    const others = [open(), open()];
    await vi.waitFor(() => expect(others.map(({ items }) => items.at(-1))).toEqual([0, 0]));
    first.tick();
    for (const one of others) await vi.waitFor(() => expect(one.items.at(-1)).toBe(1));
    expect(first.items).toEqual([1]);
    expect(others.map(({ opened }) => opened)).toEqual([[], []]);
    expect(new Set(others.map(({ heard }) => heard.at(-1)?.leader))).toEqual(
      new Set([first.heard.at(-1)?.leader]),
    );
  });

  test("[I-16] when the leading window closes, the next opens it where it is itself", async () => {
    const first = open();
    await leads(first);
    const second = open();
    const third = open();
    await vi.waitFor(() => expect(third.items).toContain(0));
    first.tick();
    await vi.waitFor(() => expect([second.items.at(-1), third.items.at(-1)]).toEqual([1, 1]));
    await first.close();
    await leads(second);
    expect(second.opened).toEqual([1]);
    second.tick();
    await vi.waitFor(() => expect(third.items.at(-1)).toBe(2));
    expect(third.opened).toEqual([]);
  });

  test("[I-16] a leader that does not answer is deposed, and steps down when it learns of it", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const frozen = open({ ...tabs, channel: () => new BroadcastChannel(`${name} elsewhere`) });
    await leads(frozen);
    const second = open();
    vi.advanceTimersByTime(BEAT_MS);
    await leads(second);
    second.tick();
    await vi.waitFor(() => expect(second.items).toEqual([1]));
    frozen.tick();
    await second.close();
    await vi.waitFor(() => expect(frozen.opened).toHaveLength(2));
    expect(frozen.items).toEqual([]);
  });

  test("[I-16] a leader that answers is not deposed, however long nothing comes", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const first = open();
    await leads(first);
    const second = open();
    for (let beats = 1; beats <= 4; beats += 1) {
      await vi.waitFor(() => expect(second.items.length).toBeGreaterThanOrEqual(beats));
      vi.advanceTimersByTime(BEAT_MS);
    }
    expect([first.opened, second.opened]).toEqual([[0], []]);
  });

  test("[I-16] a window that is looked at takes the lead, and the other follows it", async () => {
    const first = open();
    await leads(first);
    const second = open(tabs, false, true);
    await leads(second);
    second.tick();
    await vi.waitFor(() => expect([first.items.at(-1), second.items.at(-1)]).toEqual([1, 1]));
    expect(first.opened).toEqual([0]);
  });

  test("[I-16] a refusal is the window's own, and the next window tries for itself", async () => {
    const first = open(tabs, true);
    await first.done;
    expect(first.failure).toEqual(new Error("refused"));
    await leads(open());
  });

  test("[I-16] a browser without locks opens one for each window", async () => {
    const alone = { ...tabs, locks: undefined };
    const [one, other] = [open(alone), open(alone)];
    await leads(one);
    await leads(other);
    other.tick();
    await vi.waitFor(() => expect(other.items).toEqual([1]));
    expect(one.items).toEqual([]);
  });
});
