import {
  handoffPart,
  type Message,
  notePart,
  ownWorkPart,
  type Part,
  type SessionId,
  subtaskMetadata,
  subtasksPart,
  type TextPart,
  type TurnId,
} from "@holdfast/protocol";
import { expect, test } from "vitest";
import { createOutput, type Output } from "./output.ts";
import { writeTranscript } from "./transcript.ts";

const place = { id: "prt_1", sessionId: "ses_1", messageId: "msg_1" } as unknown as Pick<
  TextPart,
  "id" | "sessionId" | "messageId"
>;

function written(parts: Part[], info: object = { role: "user" }): string {
  let text = "";
  const output: Output = {
    ...createOutput({ stdoutColor: false, stderrColor: false }),
    write: (piece) => void (text += piece),
    line: (line) => void (text += `${line}\n`),
  };
  writeTranscript(output, [{ info, parts } as Message]);
  return text;
}

test("[A-6, W-6] what the server told the agent first is a line before the user's words, and none of them", () => {
  const asked: Part = { ...place, type: "text", text: "one\ntwo" };
  const handoff = handoffPart(place, "<holdfast-handoff>\nearlier\n</holdfast-handoff>", 1);
  const note = notePart(place, "<holdfast-note>\n  a.ts\n</holdfast-note>", 1);
  expect(written([asked, handoff, note])).toBe(
    "\n• The agent was told what it had missed.\n• The agent was told what was rejected.\n> one\n> two\n",
  );
  // Nobody passes words of his own off as the server's.
  const pretended: Part = { ...place, type: "text", text: "mine", metadata: { holdfast: "note" } };
  expect(written([pretended])).toBe("\n> mine\n");
});

test("[R-9.1, R-9.2] a subtask says whose it is, and its call in which session it runs", () => {
  const subtask: Part = { ...place, type: "subtask", agent: "goose", description: "Look", prompt: "look" };
  const sessionId = `ses_${"a".repeat(26)}` as SessionId;
  const turnId = `trn_${"a".repeat(26)}` as TurnId;
  const call: Part = {
    ...place,
    type: "tool",
    callId: "prt_1",
    tool: "task",
    state: { status: "running", input: {}, raw: "", title: "Look", time: { start: 1 } },
    metadata: subtaskMetadata({ sessionId, turnId, agent: "goose" }),
  };
  expect(written([subtask, subtasksPart(place, "<holdfast-subtasks>", 1)])).toBe(
    "\n• The agent was told what its subtasks came to.\n> [subtask for goose: Look]\n",
  );
  expect(written([call])).toBe(`\n> • Look (running, in ${sessionId})\n`);
});

test("[I-10] what came of a call stands below it: why it failed, what it said, and what came with it by its hash", () => {
  const call = (state: object): Part =>
    ({
      ...place,
      type: "tool",
      callId: "1",
      tool: "words__tell",
      state: { input: {}, raw: "", ...state },
    }) as Part;
  const hash = "a".repeat(64);
  const file = { ...place, type: "file", mime: "image/png", filename: "shot.png", url: `blob:${hash}` };
  const link = { ...place, type: "file", mime: "text/html", filename: "page", url: "https://example.test/" };
  const done = { status: "completed", title: "Tell", output: "heron\nand wren", metadata: {} };
  expect(written([call({ ...done, attachments: [file, link] })], { role: "assistant" })).toBe(
    `\n• Tell (completed)\n  heron and wren\n  [image/png shot.png, blob:${hash}]\n  [text/html page]\n`,
  );
  expect(written([call({ status: "error", error: "no such\u001b[2J file" })], { role: "assistant" })).toBe(
    "\n• words__tell (error)\n  no such<U+001B>[2J file\n",
  );
});

test("[I-10] an answer that failed says why", () => {
  const error = { name: "APIError", data: { message: "no more today", isRetryable: true } };
  expect(written([], { role: "assistant", error })).toBe("\n[APIError: no more today]\n");
  const silent = { name: "MessageOutputLengthError", data: {} };
  expect(written([], { role: "assistant", error: silent })).toBe("\n[MessageOutputLengthError]\n");
});

test("[A-27] where nobody asked, a line says that the agent went on by itself", () => {
  expect(written([ownWorkPart(place, 1)])).toBe(
    "\n• The agent went on by itself: a background task had ended.\n",
  );
});
