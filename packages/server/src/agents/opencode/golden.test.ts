import { describe, expect, test } from "vitest";
import { replayOpencode } from "../../../test/agents/replayed-opencode.ts";

const textOf = (turn: Awaited<ReturnType<typeof replayOpencode>>["turns"][number] | undefined): string =>
  (turn?.events ?? []).map((event) => (event.type === "text" ? event.text : "")).join("");

describe("recorded streams of the real opencode", () => {
  test.each(["text", "tool", "reject", "cancel", "error", "retry", "compaction", "image", "question"])(
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

  test("[R-1.6, R-13.1] a call of its model that fails is told with the time of the next try, and what follows is the same answer", async () => {
    const { turns } = await replayOpencode("retry");
    const events = turns[0]?.events ?? [];
    expect(events.find((event) => event.type === "retry")).toMatchObject({
      failed: { attempt: 1, error: { name: "APIError", data: { message: "broke" } } },
    });
    const steps = events.flatMap((event) => (event.type === "step" ? [event.stepId] : []));
    expect(new Set(steps).size).toBe(1);
    expect(turns[0]?.result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
  });

  test("[R-14.3] its summary behind an overflow is marked as one, and the turn goes on to the answer", async () => {
    const { turns } = await replayOpencode("compaction");
    const events = turns[1]?.events ?? [];
    const compactions = events.filter((event) => event.type === "compaction");
    expect(compactions.at(-1)).toMatchObject({ auto: true, overflow: true, isDone: true });
    expect(events).toContainEqual(expect.objectContaining({ type: "step", summary: true }));
    expect(textOf(turns[1])).toMatch(/after$/);
  });

  test("[R-8.1, A-19] a picture is an attachment, a question has its options", async () => {
    const [image, question] = await Promise.all([replayOpencode("image"), replayOpencode("question")]);
    const pictures = (image.turns[0]?.events ?? []).flatMap((event) =>
      event.type === "tool" ? (event.update.attachments ?? []).map(({ mime }) => mime) : [],
    );
    expect(new Set(pictures)).toEqual(new Set(["image/png"]));
    expect(question.turns[0]?.questions).toMatchObject([
      { fields: [{ type: "one", options: [{ value: "Red" }, { value: "Blue" }] }] },
    ]);
    expect(question.turns[0]?.result).toMatchObject({ outcome: "ended" });
  });
});
