import { describe, expect, test } from "vitest";
import { loggedCommand } from "../call-log.ts";
import { judge } from "../oracle.ts";
import { heard, until, changedPart, told, whole, type Hole } from "./doctor.ts";
import { admission, delta, ledgerOf, promptOf, session, story, textPart, toolPart } from "./fixture.ts";

describe("the oracle of the torture: texts", () => {
  const holes: Hole[] = [
    [
      "[D-19] a prompt that an agent remembers twice",
      ledgerOf(admission(1)),
      whole(undefined, { prompts: [promptOf(1), promptOf(1)] }),
      /given twice/,
    ],
    ["[D-28] a blob that is gone", ledgerOf(), whole(() => ({ brokenBlobs: ["blob x"] })), /blob x/],
    [
      "[D-13] a finished text that changed",
      heard(),
      whole(changedPart("prt_1", { text: "hello!" })),
      /prt_1 .*was .* and is/,
    ],
    [
      "[D-16] a finished output that changed",
      heard(),
      whole(changedPart("prt_2", { state: { status: "completed", input: {}, output: "" } })),
      /prt_2/,
    ],
    [
      "[D-16] a call that went back",
      told([...until(([, data]) => data === undefined), ...story().slice(0, 20)]),
      whole(changedPart("prt_2", { state: { status: "running", raw: "{}", input: {}, output: "" } })),
      /prt_2/,
    ],
    [
      "[D-16] output that an interruption took away",
      told([
        ["session.created", { session: session() }],
        ["message.part.updated", { part: toolPart({ status: "running", raw: "", input: {}, output: "" }) }],
        ["message.part.delta", delta(0, "some", "prt_2", "output")],
      ]),
      whole(
        changedPart("prt_2", {
          state: { status: "error", raw: "", input: {}, output: "", metadata: { interrupted: true } },
        }),
      ),
      /output\[0, 4\) of prt_2/,
    ],
    [
      "[D-19] a prompt that was sent to the agent twice",
      ledgerOf(admission(1)),
      whole(changedPart("prt_1", { text: `${promptOf(1).slice(4)} ${promptOf(1).slice(4)}` })),
      /said 2 times/,
    ],
    [
      "[D-12] a text that is there twice",
      ledgerOf(),
      whole(({ messages }) => ({
        messages: messages.map((message) =>
          String(message.info.id) === "msg_1a"
            ? {
                ...message,
                parts: [...message.parts, textPart("x", { id: "prt_8" }), textPart("x", { id: "prt_9" })],
              }
            : message,
        ),
      })),
      /prt_9 says what prt_8 says/,
    ],
    [
      "[D-19] a command that ran twice",
      ledgerOf(),
      whole(undefined, { calls: { begun: ["m1", "m1"], done: ["m1"] } }),
      /the command of m1 ran twice/,
    ],
    [
      "[D-16] a completed call whose command was never done",
      ledgerOf(),
      whole(
        changedPart("prt_2", {
          state: { status: "completed", input: { command: loggedCommand("/r", "m1", "true") }, output: "" },
        }),
        { calls: { begun: ["m1"], done: [] } },
      ),
      /prt_2 is completed, and m1 never was/,
    ],
    [
      "[D-12] a delta that was told twice",
      told([...story().slice(0, 17), ["message.part.delta", delta(3, "lo")]]),
      whole(),
      /both tell text\[3, 5\)/,
    ],
    [
      "[D-12] a hole between two deltas",
      told([...story().slice(0, 16), ["message.part.delta", delta(4, "o")]]),
      whole(),
      /begins at 4/,
    ],
    [
      "[D-12] a delta that was taken back",
      heard(),
      whole(changedPart("prt_1", { text: "hel" })),
      /text\[3, 5\) of prt_1 was acknowledged/,
    ],
  ];
  test.each(holes)("%s is found", (_title, book, seen, message) => {
    expect(judge(book, seen).join("\n")).toMatch(message);
  });
});
