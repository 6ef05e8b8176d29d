import { describe, expect, test } from "vitest";
import { replayOpencode } from "../../../test/agents/replayed-opencode.ts";

const textOf = (turn: Awaited<ReturnType<typeof replayOpencode>>["turns"][number] | undefined): string =>
  (turn?.events ?? []).map((event) => (event.type === "text" ? event.text : "")).join("");

describe("recorded streams of the real opencode", () => {
  test.each(["text", "tool", "reject", "cancel", "error"])(
    "[A-23] %s becomes the expected events",
    async (name) => {
      const replayed = await replayOpencode(name);
      await expect(`${JSON.stringify(replayed, undefined, 2)}\n`).toMatchFileSnapshot(
        `../../../test/golden/opencode-events/${name}.json`,
      );
    },
  );

  test("[A-16] what comes behind a cancel's first idle event is the old turn's, and the next one is whole", async () => {
    const { turns } = await replayOpencode("cancel");
    expect(turns.map(({ result }) => result)).toMatchObject([
      { outcome: "ended", stopReason: "cancelled" },
      { outcome: "ended", stopReason: "end_turn" },
    ]);
    expect(textOf(turns[0])).toMatch(/^w1 w2 w3/);
    expect(textOf(turns[1])).toBe("after the stop");
  });

  test("[A-21] tokens and cost of all answers sum up to the turn", async () => {
    const { turns } = await replayOpencode("tool");
    const answers = turns[0]?.events.filter((event) => event.type === "usage") ?? [];
    expect(answers.length).toBeGreaterThan(1);
    expect(turns[0]?.result).toMatchObject({
      usage: { scope: "turn", tokens: { output: expect.any(Number) as number } },
    });
  });
});
