import { describe, expect, test } from "vitest";
import { replayStream } from "../../../test/agents/replayed-stream.ts";

const STREAMS = [
  ["goose", "goose-text"],
  ["goose", "goose-tool"],
  ["goose", "goose-cancel"],
  ["goose", "goose-error"],
  ["goose", "goose-image"],
  ["goose", "goose-load"],
  ["qwen", "qwen-text"],
  ["qwen", "qwen-tool"],
  ["qwen", "qwen-cancel"],
  ["qwen", "qwen-error"],
  ["qwen", "qwen-image"],
  ["qwen", "qwen-load"],
] as const;

describe("recorded streams of real agents", () => {
  test.each(STREAMS)("[A-25] %s: %s becomes the expected events", async (agent, name) => {
    const replayed = await replayStream(agent, name);
    await expect(`${JSON.stringify(replayed, undefined, 2)}\n`).toMatchFileSnapshot(
      `../../../test/golden/acp-events/${name}.json`,
    );
  });

  test.each(["goose-load", "qwen-load"])("[A-5] the replay of %s stays out", async (name) => {
    const replayed = await replayStream(name.split("-")[0] ?? "", name);
    const text = JSON.stringify(replayed);
    expect(text).not.toContain("I will remember walrus");
    expect(text).not.toContain("a grey seal");
    expect(text).toContain("You asked me to remember walrus.");
  });

  test("[A-21] tokens of single model calls sum up to the turn; a last call's are called that", async () => {
    const [qwen, goose] = await Promise.all([
      replayStream("qwen", "qwen-tool"),
      replayStream("goose", "goose-tool"),
    ]);
    expect(qwen.turns[0]?.usage).toMatchObject({
      scope: "turn",
      tokens: { input: 7735 + 7762 + 7796, output: 38 + 24 + 4 },
    });
    expect(goose.turns[0]?.usage).toMatchObject({ scope: "lastCall", tokens: { input: 1153, output: 4 } });
  });

  test("[A-25, R-3.2] what a provider refused is typed, whether it came as an error or as text", async () => {
    for (const agent of ["qwen", "goose"]) {
      const { turns } = await replayStream(agent, `${agent}-error`);
      expect(turns.map(({ result }) => result)).toMatchObject([
        {
          outcome: "failed",
          error: { name: "APIError", data: { statusCode: 400, isRetryable: false } },
        },
      ]);
    }
  });

  test("[R-8.1] a picture that a tool shows is an attachment, where the agent gives it to more than its model", async () => {
    const pictures = async (agent: string): Promise<(string | undefined)[]> =>
      (await replayStream(agent, `${agent}-image`)).turns.flatMap(({ events }) =>
        events.flatMap((event) =>
          event.type === "tool" ? (event.update.attachments ?? []).map(({ mime }) => mime) : [],
        ),
      );
    expect(await pictures("goose")).toEqual(["image/png"]);
    expect(await pictures("qwen")).toEqual([]);
  });
});
