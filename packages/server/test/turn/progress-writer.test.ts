import { describe, expect, test } from "vitest";
import { ByteBudget } from "../../src/turn/record/byte-budget.ts";
import { recorderUnderTest } from "./recorder-under-test.ts";

const say = (under: ReturnType<typeof recorderUnderTest>, text: string) =>
  under.recorder.emit({ type: "text", text });

describe("[D-34] while the store cannot write", () => {
  test("[D-34] writes are repeated with growing pauses, the turn says that it waits, and nothing is lost or doubled", async () => {
    const under = recorderUnderTest();
    under.log.answers.push("unavailable", "unavailable", "unavailable", "commit");
    say(under, "a");
    await expect.poll(() => under.log.answers.length).toBe(2);
    say(under, "b");
    under.clock.advance(100);
    await expect.poll(() => under.log.of("turn")).toHaveLength(1);
    expect(under.log.texts("text")).toEqual([]);
    under.clock.advance(199);
    await Promise.resolve();
    expect(under.log.texts("text")).toEqual([]);
    under.clock.advance(1);
    await under.recorder.flushed();
    expect(under.log.texts("text")).toEqual(["ab"]);
    expect(under.log.of("turn").map(({ patch }) => patch.waitingFor)).toEqual([{ kind: "storage" }, null]);
    expect(under.budget.total).toBe(0);
  });

  test("[D-34] the bytes held are bounded: `drained` resolves below half", async () => {
    const under = recorderUnderTest({ perSession: 100_000, total: 1_000_000 });
    const commit = Promise.withResolvers<"commit">();
    under.log.answers.push(commit.promise);
    expect(under.recorder.drained()).toBeUndefined();
    say(under, "x".repeat(60_000));
    const drained = under.recorder.drained();
    expect(drained).toBeDefined();
    commit.resolve("commit");
    await drained;
    expect(under.recorder.drained()).toBeUndefined();
    await under.recorder.flushed();
    expect(under.budget.total).toBe(0);
  });

  test("[D-34] the bytes of all sessions together are bounded", async () => {
    const budget = new ByteBudget({ perSession: 80, total: 100 });
    const [one, two] = [budget.open(), budget.open()];
    one.add(60);
    expect(two.drained()).toBeUndefined();
    two.add(50);
    let released = 0;
    const [first, second] = [one.drained(), two.drained()];
    expect([first, second]).not.toContain(undefined);
    void first?.then(() => (released += 1));
    void second?.then(() => (released += 1));
    one.remove(40);
    await Promise.resolve();
    expect(released).toBe(0);
    two.close();
    await first;
    await second;
    expect(budget.total).toBe(20);
    two.add(500);
    expect(budget.total).toBe(20);
  });

  test("[D-34] repeating ends when the process is about to exit", async () => {
    const under = recorderUnderTest();
    under.log.answers.push(...Array.from({ length: 50 }, () => "unavailable" as const));
    say(under, "a");
    await expect.poll(() => under.log.answers.length).toBeLessThan(50);
    under.abandon.abort();
    await under.recorder.flushed();
    expect(under.failures).toMatchObject([{ kind: "fault", error: { code: "STORAGE_UNAVAILABLE" } }]);
  });
});

describe("[D-17] a refused write", () => {
  test("[D-17] CLAIM_LOST drops what is held, is told once and never repeated", async () => {
    const under = recorderUnderTest({ perSession: 1_000, total: 1_000 });
    under.log.answers.push("claimLost");
    say(under, "x".repeat(2_000));
    const drained = under.recorder.drained();
    await under.recorder.flushed();
    await drained;
    say(under, "more");
    under.clock.advance(60_000);
    await under.recorder.flushed();
    expect(under.failures).toEqual([{ kind: "claimLost" }]);
    expect(under.log.ops).toEqual([]);
    expect([under.budget.total, under.recorder.drained()]).toEqual([0, undefined]);
  });

  test("[D-17] any other refusal is a fault and is not repeated either", async () => {
    const under = recorderUnderTest();
    under.log.answers.push("fault");
    say(under, "a");
    await under.recorder.flushed();
    expect(under.failures).toMatchObject([{ kind: "fault" }]);
    expect(under.log.batches).toEqual([]);
  });
});

test("[D-4] a huge chunk is cut into deltas that fit an event", async () => {
  const under = recorderUnderTest();
  const chunk = "\u{1f600}".repeat(200_000);
  say(under, "a");
  say(under, chunk);
  await under.recorder.flushed();
  expect(under.log.texts("text")).toEqual([`a${chunk}`]);
  for (const { text } of under.log.of("delta")) expect(JSON.stringify(text).length).toBeLessThan(256 * 1024);
});
