import { describe, expect, it } from "vitest";
import { parseScript, recall, splitBlocks } from "./directives.ts";

describe("the script language", () => {
  it("reads every directive of the table", () => {
    const script = [
      "SAY hello there",
      "SLOW 3 20",
      "THINK hard",
      "PLAN one | two",
      "READ a.txt",
      "WRITE b.txt some text",
      "BASH ls -l",
      "OUTPUT 2048",
      "SPAWN",
      "ASK may I",
      "REMEMBER kiwi",
      "RECALL",
      "FAIL 429 slow down",
      "FAIL",
      'FAIL 429 {"headers":{"retry-after":"3"},"body":{"error":{}}}',
      "END length",
      "PIECES 3 10",
      'ALSO bash {"command":"ls"}',
      'BROKEN bash {"command": "l',
      'USAGE {"input":9,"output":2,"cacheRead":4}',
      "USAGE {}",
      "CUT",
      "HANG",
      "DEAF",
      "CRASH",
      'CALL todo {"items":[]}',
    ].join("\n");
    expect(parseScript(script)).toEqual([
      { kind: "say", text: "hello there" },
      { kind: "slow", words: 3, pauseMs: 20 },
      { kind: "think", text: "hard" },
      { kind: "plan", steps: ["one", "two"] },
      { kind: "read", path: "a.txt" },
      { kind: "write", path: "b.txt", text: "some text" },
      { kind: "bash", command: "ls -l" },
      { kind: "output", bytes: 2048 },
      { kind: "spawn" },
      { kind: "ask", text: "may I" },
      { kind: "remember", word: "kiwi" },
      { kind: "recall" },
      { kind: "fail", status: 429, text: "slow down" },
      { kind: "fail", status: 500, text: "the script failed this request" },
      {
        kind: "fail",
        status: 429,
        text: "the script failed this request",
        headers: { "retry-after": "3" },
        body: { error: {} },
      },
      { kind: "end", reason: "length" },
      { kind: "pieces", count: 3, pauseMs: 10 },
      { kind: "also", tool: "bash", args: { command: "ls" } },
      { kind: "broken", tool: "bash", text: '{"command": "l' },
      { kind: "usage", usage: { input: 9, output: 2, cacheRead: 4 } },
      { kind: "cut" },
      { kind: "hang" },
      { kind: "hang" },
      { kind: "crash" },
      { kind: "call", tool: "todo", args: { items: [] } },
    ]);
  });

  it("reads only what follows the last #turn line", () => {
    expect(parseScript("SAY old\n#turn 1\nSAY older\n#turn 2\nSAY new")).toEqual([
      { kind: "say", text: "new" },
    ]);
  });

  it("ignores tag blocks, also nested ones of the same name", () => {
    const text =
      "<reminder>\nSAY no\n<reminder>\nSAY no\n</reminder>\nSAY no\n</reminder>\nSAY yes\n<env>SAY no</env>";
    expect(parseScript(text)).toEqual([{ kind: "say", text: "yes" }]);
  });

  it("keeps markup inside a directive and an unclosed tag", () => {
    expect(parseScript("WRITE a.html <b>bold</b>")).toEqual([
      { kind: "write", path: "a.html", text: "<b>bold</b>" },
    ]);
    expect(splitBlocks("<open>\nSAY hi").blocks).toEqual([]);
  });

  it("echoes what holds no directive, and takes a malformed directive for none", () => {
    expect(parseScript("hello model")).toEqual([{ kind: "echo", text: "hello model" }]);
    for (const line of [
      "SLOW many 10",
      "SLOW 1000001 0",
      "SLOW 1 2 3",
      "OUTPUT -1",
      "REMEMBER",
      "CALL x not-json",
      "SAYING hi",
      " SAY hi",
    ])
      expect(parseScript(line)).toEqual([{ kind: "echo", text: line.trim() }]);
  });

  it("recalls the last remembered word, also from inside a handoff block", () => {
    expect(recall(["REMEMBER one", "SAY x"])).toBe("one");
    expect(
      recall(["REMEMBER one", "<holdfast-handoff>\nuser: REMEMBER two\n</holdfast-handoff>\nRECALL"]),
    ).toBe("two");
    expect(recall(["I said REMEMBER nothing", "RECALL"])).toBeUndefined();
  });
});
