import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { newId } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import { namedPaths } from "./evidence.ts";
import { type Span, stampOf, type Worker } from "./stamp.ts";

const directory = { kind: "directory" as const };
const worktree = { kind: "worktree" as const };

const worker = (agent: string, ...names: string[]): Worker => ({
  agent,
  turnId: newId("trn"),
  sessionId: newId("ses"),
  names: (path) => names.includes(path),
});
const origin = ({ agent, turnId, sessionId }: Worker) => ({ agent, turnId, sessionId });
const turns = (...workers: Worker[]): Span => ({ kind: "turns", workers });

describe("the stamp of an edit", () => {
  test("[W-5] between turns it is the user's, and in a worktree nobody knows", () => {
    expect(stampOf(["a"], { kind: "between" }, directory)).toEqual({ agent: "user" });
    expect(stampOf(["a"], { kind: "between" }, worktree)).toEqual({ agent: "unknown" });
  });

  test("[W-5] in a turn it is the agent's where evidence names it, else shared; in a worktree always the agent's", () => {
    const one = worker("qwen", "a");
    expect(stampOf(["a"], turns(one), directory)).toEqual(origin(one));
    expect(stampOf(["b"], turns(one), directory)).toEqual({ ...origin(one), agent: "shared" });
    expect(stampOf(["b"], turns(one), worktree)).toEqual(origin(one));
  });

  test("[W-5] a rename is the agent's when evidence names one of its sides", () => {
    const one = worker("qwen", "old");
    expect(stampOf(["new", "old"], turns(one), directory)).toEqual(origin(one));
  });

  test("[A-14, W-5] of turns that overlap the one that evidence names has it; when both or none do, it is shared", () => {
    const [one, other] = [worker("qwen", "a", "both"), worker("goose", "b", "both")];
    expect(stampOf(["a"], turns(one, other), directory)).toEqual(origin(one));
    expect(stampOf(["b"], turns(one, other), directory)).toEqual(origin(other));
    for (const place of [directory, worktree]) {
      expect(stampOf(["both"], turns(one, other), place)).toEqual({ agent: "shared" });
      expect(stampOf(["c"], turns(one, other), place)).toEqual({ agent: "shared" });
    }
  });

  test("[D-18] what nobody watched is nobody's, and names the turn that it fell into", () => {
    const turn = { turnId: newId("trn"), sessionId: newId("ses") };
    expect(stampOf(["a"], { kind: "unwatched" }, worktree)).toEqual({ agent: "unknown" });
    expect(stampOf(["a"], { kind: "unwatched", turn }, directory)).toEqual({ agent: "unknown", ...turn });
  });
});

describe("paths that an agent named", () => {
  test("[W-5] are found however it spells them, and never outside of the root", async () => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-evidence-")));
    try {
      const root = join(top, "project");
      mkdirSync(join(root, "packages", "real"), { recursive: true });
      symlinkSync(join(root, "packages", "real"), join(root, "link"));
      symlinkSync(root, join(top, "elsewhere"));
      const touched = [
        "in-cwd.txt",
        "../up.txt",
        join(root, "absolute.txt"),
        pathToFileURL(join(root, "a url.txt")).href,
        join(root, "link", "linked.txt"),
        join(top, "elsewhere", "by-link.txt"),
        "/etc/passwd",
        "../../../outside.txt",
        root,
        "file://%zz",
        "nul\0byte",
      ];
      const found = await namedPaths(touched, { root, cwd: join(root, "packages") });
      expect([...found].toSorted()).toEqual([
        "a url.txt",
        "absolute.txt",
        "by-link.txt",
        "link/linked.txt",
        "packages/in-cwd.txt",
        "packages/real/linked.txt",
        "up.txt",
      ]);
    } finally {
      rmSync(top, { recursive: true });
    }
  });
});
