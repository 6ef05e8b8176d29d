import { HoldfastApiError } from "@holdfast/client";
import type { Change, DiffTotals, Message, Tracking, Turn, Workspace } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { changeRow, explain, trackingNotes, writePatch } from "./change-text.ts";
import { parseCommand } from "./command-words.ts";
import { describe as describeError } from "./describe-error.ts";
import { exitCodeOf } from "./exit.ts";
import { createOutput, type Output, visibleLines, withoutControls } from "./output.ts";
import { changedText, endText } from "./turn-text.ts";

const CHANGE: Change = {
  id: "chg_00000000000000000000000000" as Change["id"],
  workspaceId: "wsp_00000000000000000000000000" as Change["workspaceId"],
  path: "src/new.ts",
  oldPath: "src/old.ts",
  kind: "renamed",
  action: "apply",
  revision: 3,
  state: "conflict",
  agent: "goose",
  contributions: ["rehearsal", "goose", "user"].map((agent) => ({
    agent,
    before: "a",
    after: "b",
    hunks: [],
    time: 1,
  })),
  hunks: [{ id: "h1", oldStart: 1, oldLines: 0, newStart: 1, newLines: 2, origins: [{ agent: "goose" }] }],
  binary: false,
  additions: 2,
  deletions: 0,
  reviewed: 3,
  staged: true,
  patch: "@@ -0,0 +1,2 @@\n+a\n+b",
  time: { created: 1, updated: 1 },
};

const commit = (letter: string) => ({ blob: letter.repeat(40), mode: "160000" });
const MOVED: Change = {
  ...CHANGE,
  kind: "branchMoved",
  path: "HEAD",
  before: commit("a"),
  after: commit("b"),
};

test("[W-5] a branch that moved is told by its commits, and is nothing to decide about", () => {
  expect(changeRow(MOVED).slice(1)).toEqual([
    "branchMoved",
    "",
    "goose, rehearsal, user",
    "aaaaaaaaaa -> bbbbbbbbbb",
  ]);
});

function written(change: Change, color: boolean): string {
  let text = "";
  const output: Output = {
    ...createOutput({ stdoutColor: color, stderrColor: false }),
    // As on a terminal, where `write` takes out what could steer it.
    write: (piece) => void (text += withoutControls(piece)),
    exact: (piece) => void (text += visibleLines(piece)),
    line: (line) => void (text += `${line}\n`),
  };
  writePatch(output, change);
  return text;
}

test("[W-4] a row names everybody who had a part, the newest first, and what is special", () => {
  expect(changeRow(CHANGE)).toEqual([
    CHANGE.id,
    "renamed",
    "+2 -0",
    "goose, rehearsal, user",
    "src/old.ts -> src/new.ts  (conflict, still being worked on, reviewed)",
  ]);
  const { oldPath: _, ...plain } = CHANGE;
  expect(changeRow({ ...plain, state: "pending", staged: false, reviewed: 2, binary: true })).toEqual([
    CHANGE.id,
    "renamed",
    "binary",
    "goose, rehearsal, user",
    "src/new.ts",
  ]);
});

test("[W-6] a patch stands behind comments that name its hunks, coloured only where that is wanted", () => {
  const comments = "# chg_00000000000000000000000000 goose, rehearsal, user\n# hunk h1 -1,0 +1,2 goose\n";
  expect(written(CHANGE, false)).toBe(`${comments}@@ -0,0 +1,2 @@\n+a\n+b\n`);
  expect(written(CHANGE, true)).toContain("\u001b[32m+a\u001b[39m");
  expect(written({ ...CHANGE, patch: "+a\u001b[2J" }, true)).toContain("\u001b[32m+a<U+001B>[2J\u001b[39m");
  expect(written({ ...CHANGE, patch: " a\n \n+\u202eb \n" }, false)).toContain(" a\n \n+<U+202E>b<U+0020>\n");
  expect(written({ ...CHANGE, patch: "", binary: true }, false)).toBe(
    `${comments}# binary, no text to show\n`,
  );
});

test("[W-7] a list says which of the two it is, apply or accept", () => {
  const workspace = { directory: "/p" } as Workspace;
  expect(explain({ ...workspace, kind: "worktree" }, [CHANGE, CHANGE, MOVED])).toBe(
    "2 pending changes in the worktree /p: apply merges them into the project's directory.",
  );
  expect(explain({ ...workspace, kind: "worktree" }, [MOVED])).toBe("No pending changes.");
  expect(explain({ ...workspace, kind: "directory" }, [CHANGE])).toMatch(
    /^1 pending change in \/p itself: accept/,
  );
});

test("[W-3] what is not seen is told", () => {
  const tracking: Tracking = { state: "on", uncaptured: [], uncapturedCount: 0 };
  expect(trackingNotes(tracking)).toEqual([]);
  expect(trackingNotes({ ...tracking, state: "off", reason: "Too many files." })).toEqual([
    "Changes are not tracked here: Too many files.",
  ]);
  const ids = {
    turnId: "trn_00000000000000000000000000" as Turn["id"],
    sessionId: "ses_00000000000000000000000000" as Turn["sessionId"],
  };
  const one = { ...ids, reason: "There is no git\nprogram.", time: 1 };
  expect(trackingNotes({ ...tracking, unwatched: [one] })).toEqual([
    `${one.turnId} was not watched; what it changed is listed as unknown: There is no git program.`,
  ]);
  const uncaptured = Array.from({ length: 6 }, (_, at) => ({ path: `f${at}`, reason: "ignored" as const }));
  expect(trackingNotes({ ...tracking, uncaptured, uncapturedCount: 9 })).toEqual([
    "Not captured: f0 (ignored), f1 (ignored), f2 (ignored), f3 (ignored), f4 (ignored), 4 more.",
  ]);
});

const refusal = (code: string, facts: object) =>
  new HoldfastApiError({ type: "", title: "", status: 409, code, detail: "No.", requestId: "r", ...facts });

test("[I-11, W-8] a conflict exits with 7 and names each path with what each side has", () => {
  const version = (letter: string) => ({ blob: letter.repeat(40), mode: "100644" });
  const conflicts = [
    {
      path: "a.txt",
      reason: "both changed it",
      base: version("a"),
      ours: version("b"),
      theirs: version("c"),
    },
    { path: "b.txt", reason: "gone", base: version("a") },
  ];
  const error = refusal("CHANGES_CONFLICT", { conflicts, paths: ["a.txt", "b.txt"] });
  expect(exitCodeOf(error)).toBe(7);
  expect(describeError(error)).toBe(
    [
      "No.",
      "  a.txt: both changed it (base aaaaaaaaaa, checkout bbbbbbbbbb, change cccccccccc)",
      "  b.txt: gone (base aaaaaaaaaa, checkout none, change none)",
    ].join("\n"),
  );
});

test("[I-11, W-10] a deletion that would lose something exits with 7, says what, and which flag loses it", () => {
  const risks = [
    { kind: "ignored", message: "Ignored files.", count: 7, paths: [".env", "x.log"], rescued: false },
    { kind: "uncommitted", message: "Changed files.", rescued: true },
  ];
  const report = { target: { kind: "worktree", id: "wkt_1" }, safe: false, risks, time: 1 };
  const error = refusal("RISK_UNCONFIRMED", { report });
  expect(exitCodeOf(error)).toBe(7);
  expect(describeError(error).split("\n")).toEqual([
    "No.",
    "  ignored: Ignored files: .env, x.log, 5 more [not kept]",
    "  uncommitted: Changed files. [kept in a rescue ref]",
    "Repeat with --discard to lose what is not kept.",
  ]);
  expect(describeError(refusal("WORKSPACE_BUSY", { holder: "ses_1" }))).toBe("No.\nHeld by ses_1.");
  expect(describeError(refusal("CHANGES_CONFLICT", { conflicts: "odd", report: 3, holder: {} }))).toBe("No.");
});

test("[W-8, W-13] what to do next is a command that can be typed", () => {
  expect(describeError(refusal("BASE_DIVERGED", {}))).toContain("--onto-current");
  expect(describeError(refusal("STALE", {}))).toContain("holdfast changes list");
  const turn = { state: "failed", reason: "error" } as Turn;
  const worktreeId = "wkt_00000000000000000000000000" as NonNullable<Workspace["worktreeId"]>;
  const data = {
    message: "It is gone.",
    directory: "/w",
    worktreeId,
    ways: ["rescue" as const, "base" as const],
  };
  expect(endText({ ...turn, error: { name: "WorkspaceMissingError", data } })?.split("\n")).toEqual([
    "The turn ended (error): It is gone.",
    `  holdfast worktree restore ${worktreeId} --from rescue`,
    `  holdfast worktree restore ${worktreeId} --from base`,
  ]);
  expect(endText({ ...turn, error: { name: "WorkspaceMissingError", data: { ...data, ways: [] } } })).toBe(
    "The turn ended (error): It is gone.",
  );
});

test("[R-1.7, I-10] how much a turn changed is one short line, and nothing where it changed nothing", () => {
  const turn = { messageId: "msg_1" } as unknown as Turn;
  const asked = (totals?: DiffTotals) =>
    ({
      info: { id: "msg_1", role: "user", summary: { title: "t", totals } },
      parts: [],
    }) as unknown as Message;
  const told = (totals?: DiffTotals) => changedText(turn, [asked(totals)]);
  expect(told({ files: 1, additions: 3, deletions: 0 })).toBe("1 file changed, +3 -0.");
  expect(told({ files: 12, additions: 3, deletions: 40 })).toBe("12 files changed, +3 -40.");
  expect([told({ files: 0, additions: 0, deletions: 0 }), told(), changedText(turn, [])]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("[W-2] a command is words or a JSON list, and no shell reads it", () => {
  expect(parseCommand("npm  ci ")).toEqual(["npm", "ci"]);
  expect(parseCommand('["sh", "-c", "a b; c"]')).toEqual(["sh", "-c", "a b; c"]);
  expect([parseCommand(""), parseCommand(" "), parseCommand("[]")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  for (const wrong of ["[1]", '["a"', "[{}]"]) expect(() => parseCommand(wrong)).toThrow("JSON list");
});
