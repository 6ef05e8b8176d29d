import { FakeClock } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import { RecordedTurn } from "../../test/agents/recorded-turn.ts";
import type { PromptResult } from "./port.ts";
import { CANCEL_GRACE_MS, Prompts, type RunningPrompt } from "./running-prompt.ts";

const answered: PromptResult = { outcome: "ended", stopReason: "end_turn" };
const cancelled: PromptResult = { outcome: "ended", stopReason: "cancelled" };
const error = { name: "UnknownError", data: { message: "no" } } as const;
const failed: PromptResult = { outcome: "failed", error };
const crashed: PromptResult = { outcome: "crashed", error };
const killed: PromptResult = { outcome: "killed" };

/** What happens to a prompt: it ends in this way, it is cancelled, its handle is closed, or time passes, in ms. */
type Act = PromptResult | "cancel" | "close" | number;

/** A handle's prompts, and what its backend was told. Whoever gives up ends what runs the agent, which settles the prompt. */
function scene() {
  const clock = new FakeClock();
  const prompts = new Prompts(clock, "backend");
  const turn = new RecordedTurn();
  const done: string[] = [];
  const prompt: RunningPrompt = prompts.begin(turn, {
    tell: () => done.push(`told, ${prompt.isStopping ? "late" : "first"}`),
    async giveUp() {
      done.push("given up");
      prompt.settle(killed);
    },
  });
  return { clock, prompts, turn, done, prompt };
}

/** Lets everything run that is ready. */
const pass = () => new Promise((resolve) => setImmediate(resolve));

describe("a prompt of any backend", () => {
  const told = "told, first";
  test.each<[string, Act[], PromptResult | undefined, string[]]>([
    ["runs until it ends", [60_000], undefined, []],
    ["is answered", [answered], answered, []],
    ["fails", [failed], failed, []],
    ["crashes", [crashed], crashed, []],
    ["ends once", [answered, crashed], answered, []],
    ["is not told to stop once it is over", [answered, "cancel", CANCEL_GRACE_MS], answered, []],
    ["is told to stop once", ["cancel", "cancel", "close"], undefined, [told]],
    ["has the whole grace", ["cancel", CANCEL_GRACE_MS - 1], undefined, [told]],
    ["answers a cancel within the grace", ["cancel", CANCEL_GRACE_MS - 1, cancelled], cancelled, [told]],
    ["fails on a cancel", ["cancel", failed, CANCEL_GRACE_MS], failed, [told]],
    ["crashes on a cancel", ["cancel", crashed, CANCEL_GRACE_MS], crashed, [told]],
    ["is given up when the grace is over", ["cancel", CANCEL_GRACE_MS], killed, [told, "given up"]],
    ["is given up once", ["cancel", "cancel", CANCEL_GRACE_MS, "cancel"], killed, [told, "given up"]],
    ["answers too late", ["cancel", CANCEL_GRACE_MS, cancelled], killed, [told, "given up"]],
  ])("[A-15, A-16] %s", async (_, acts, expected, expectedDone) => {
    const { clock, prompts, prompt, done } = scene();
    let [result, cancels]: [PromptResult | undefined, number] = [undefined, 0];
    void prompt.result.then((value) => (result = value));
    for (const act of acts) {
      if (act === "cancel") {
        cancels += 1;
        void prompt.cancel().then(() => (cancels -= 1));
      } else if (act === "close") void prompt.stop(1);
      else if (typeof act === "number") clock.advance(act);
      else prompt.settle(act);
      await pass();
    }
    expect([result, done]).toEqual([expected, expectedDone]);
    expect(prompt.isCancelled).toBe(done.length > 0);
    expect([prompt.isOver, prompts.running]).toEqual(expected ? [true, undefined] : [false, prompt]);
    expect(cancels, "a cancel resolves behind the end").toBe(
      expected ? 0 : acts.filter((act) => act === "cancel").length,
    );
    expect(prompts.idleSince === undefined).toBe(expected === undefined);
  });

  test("[A-15] one at a time, and the next one begins as the first did", async () => {
    const { clock, prompts, prompt, turn, done } = scene();
    const stops = { tell: () => done.push("second told"), giveUp: () => Promise.resolve() };
    expect(() => prompts.begin(turn, stops)).toThrow(/running in backend/);
    prompt.settle(answered);
    clock.advance(10);
    expect(prompts.idleSince).toBe(clock.monotonic() - 10);
    const second = prompts.begin(turn, stops);
    expect([prompts.running, second.isCancelled, second.isStopping]).toEqual([second, false, false]);
    void prompts.cancel();
    expect(done).toEqual(["second told"]);
  });

  test("[A-15] a handle that is closed waits as long as it likes, and gives up by itself", async () => {
    const { clock, prompt, done } = scene();
    const stopped = prompt.stop(2_000);
    clock.advance(2_000);
    expect([await stopped, done]).toEqual([false, ["told, first"]]);
    prompt.settle(cancelled);
    expect(await prompt.stop(2_000)).toBe(true);
  });

  test("[A-15, A-16] an open request ends with the stop, and nobody is asked afterwards", async () => {
    const { turn, prompt } = scene();
    const request = { tool: "t", title: "t", kind: "edit", args: {}, patterns: [] };
    turn.answer = () => "once";
    expect(await prompt.ask(request)).toBe("once");
    turn.answer = () => Promise.reject(new Error("the store is gone"));
    expect(await prompt.ask(request), "nobody rejected").toBe("cancelled");
    turn.answer = () => new Promise(() => undefined);
    const open = prompt.ask(request);
    void prompt.cancel();
    expect([await open, await prompt.ask(request), turn.asks.length]).toEqual(["cancelled", "cancelled", 3]);
  });
});
