import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { RunningPrompt } from "../running-prompt.ts";
import { ToolMemory } from "../tool-memory.ts";
import { FileAccess, type FileAccessFacts } from "./file-access.ts";

let root: string;
let target: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-access-")));
  mkdirSync(join(root, "project"));
  target = join(root, "project", "a.txt");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Files of a session whose backend has neither a program nor a protocol. */
function access(facts: Partial<FileAccessFacts> = {}): FileAccess {
  const place = {
    directory: join(root, "project"),
    dataDirectory: join(root, "data"),
    worktreeDirectory: join(root, "worktrees"),
  };
  return new FileAccess({
    agent: "native",
    place,
    tools: new ToolMemory(),
    approvalMode: () => "ask",
    running: () => undefined,
    ...facts,
  });
}

function running(answer: "once" | "reject"): { turn: RecordedTurn; prompt: RunningPrompt } {
  const turn = new RecordedTurn();
  turn.answer = () => answer;
  const stops = { tell: () => undefined, giveUp: () => Promise.resolve() };
  return { turn, prompt: new RunningPrompt(systemClock, turn, stops) };
}

describe("files for any backend", () => {
  test("[A-20, W-5] a write asks, and is evidence; what was written is read by lines", async () => {
    const { turn, prompt } = running("once");
    const files = access({ running: () => prompt });
    await files.write("a.txt", "one\ntwo\n");
    expect(turn.asks).toMatchObject([{ kind: "edit", patterns: [target], title: "Write a.txt" }]);
    expect(turn.events).toEqual([{ type: "file", path: target }]);
    expect(await files.read("a.txt", { line: 2 })).toBe("two\n");
  });

  test("[A-20] a call that was allowed by name of the path is not asked about again", async () => {
    const { turn, prompt } = running("reject");
    const tools = new ToolMemory();
    tools.merge({ callId: "1", kind: "edit", input: { path: target } });
    prompt.allowed.add("1");
    await access({ running: () => prompt, tools }).write(target, "yes");
    expect([turn.asks, readFileSync(target, "utf8")]).toEqual([[], "yes"]);
  });

  test("[A-20] nothing is written without a prompt, in a session that is read-only, or without a yes", async () => {
    const yes = running("once").prompt;
    const no = running("reject").prompt;
    const cases: [string, Partial<FileAccessFacts>][] = [
      ["CONFLICT", {}],
      ["FORBIDDEN", { running: () => yes, approvalMode: () => "readOnly" }],
      ["FORBIDDEN", { running: () => no }],
    ];
    for (const [code, facts] of cases) {
      await expect(access(facts).write(target, "x")).rejects.toMatchObject({ code });
      expect(existsSync(target)).toBe(false);
    }
  });

  test("[I-6] nothing outside of the session's directory is read or written", async () => {
    const { turn, prompt } = running("once");
    writeFileSync(join(root, "secret"), "x");
    const files = access({ running: () => prompt });
    await expect(files.read("../secret", { line: 1 })).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(files.write("../secret", "y")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    expect(turn.asks).toEqual([]);
  });
});
