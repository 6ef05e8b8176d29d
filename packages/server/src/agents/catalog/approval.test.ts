import type { ApprovalMode } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { autoAllow, heldModes, holdMode, type OfferedModes } from "./approval.ts";
import { KNOWN_AGENTS, NO_QUIRKS } from "./quirks.ts";

const KINDS = [
  "read",
  "search",
  "think",
  "edit",
  "delete",
  "move",
  "execute",
  "edit_outside",
  "fetch",
  "other",
] as const;

/** What each mode answers by itself, per kind: o(nce), r(eject), a(sk). */
const ANSWERS: Record<ApprovalMode, Record<(typeof KINDS)[number], "o" | "r" | "a">> = {
  ask: {
    read: "a",
    search: "a",
    think: "a",
    edit: "a",
    delete: "a",
    move: "a",
    execute: "a",
    edit_outside: "a",
    fetch: "a",
    other: "a",
  },
  edits: {
    read: "o",
    search: "o",
    think: "o",
    edit: "o",
    delete: "a",
    move: "a",
    execute: "a",
    edit_outside: "a",
    fetch: "a",
    other: "a",
  },
  all: {
    read: "o",
    search: "o",
    think: "o",
    edit: "o",
    delete: "o",
    move: "o",
    execute: "o",
    edit_outside: "o",
    fetch: "o",
    other: "o",
  },
  readOnly: {
    read: "o",
    search: "o",
    think: "o",
    edit: "r",
    delete: "r",
    move: "r",
    execute: "r",
    edit_outside: "r",
    fetch: "a",
    other: "a",
  },
};

const quirksOf = (id: string) => KNOWN_AGENTS.find((agent) => agent.id === id)?.quirks ?? NO_QUIRKS;
const GOOSE_MODES = ["auto", "approve", "smart_approve", "chat"];
const QWEN_MODES = ["plan", "default", "auto-edit", "auto", "yolo"];
const GEMINI_MODES = ["default", "autoEdit", "yolo", "plan"];
const CLAUDE_MODES = ["default", "acceptEdits", "plan", "auto"];
const CODEX_MODES = ["read-only", "workspace-write", "agent", "agent-full-access"];

describe("approval modes", () => {
  test("[A-20] what each mode answers by itself", () => {
    const letter = (mode: ApprovalMode, kind: string) =>
      ({ once: "o", reject: "r", ask: "a" })[autoAllow(mode, kind) ?? "ask"];
    const answers = Object.keys(ANSWERS).map((mode) => [
      mode,
      Object.fromEntries(KINDS.map((kind) => [kind, letter(mode as ApprovalMode, kind)])),
    ]);
    expect(Object.fromEntries(answers)).toEqual(ANSWERS);
  });

  test.each<[string, ApprovalMode, OfferedModes, string]>([
    ["rehearsal", "ask", ["ask", "auto"], "ask"],
    ["rehearsal", "edits", ["ask", "auto"], "ask"],
    ["rehearsal", "all", ["ask", "auto"], "auto"],
    ["rehearsal", "readOnly", ["ask", "auto"], "ask"],
    ["rehearsal", "ask", "untold", "try ask"],
    ["goose", "ask", GOOSE_MODES, "approve"],
    ["goose", "edits", GOOSE_MODES, "approve"],
    ["goose", "all", GOOSE_MODES, "auto"],
    ["goose", "readOnly", GOOSE_MODES, "approve"],
    ["goose", "ask", ["auto", "chat"], "none"],
    ["qwen", "ask", QWEN_MODES, "default"],
    ["qwen", "edits", QWEN_MODES, "auto-edit"],
    ["qwen", "all", QWEN_MODES, "yolo"],
    ["qwen", "readOnly", QWEN_MODES, "plan"],
    ["gemini", "ask", GEMINI_MODES, "default"],
    ["gemini", "edits", GEMINI_MODES, "autoEdit"],
    ["gemini", "all", GEMINI_MODES, "yolo"],
    ["gemini", "readOnly", GEMINI_MODES, "plan"],
    ["claude", "ask", CLAUDE_MODES, "default"],
    ["claude", "edits", CLAUDE_MODES, "acceptEdits"],
    ["claude", "all", CLAUDE_MODES, "default"],
    ["claude", "readOnly", CLAUDE_MODES, "plan"],
    ["codex", "ask", CODEX_MODES, "none"],
    ["codex", "edits", CODEX_MODES, "none"],
    ["codex", "all", CODEX_MODES, "agent"],
    ["codex", "readOnly", CODEX_MODES, "read-only"],
    ["own", "ask", ["default", "acceptEdits", "plan"], "default"],
    ["own", "edits", ["default", "acceptEdits", "plan"], "acceptEdits"],
    ["own", "readOnly", ["default", "acceptEdits", "plan"], "plan"],
    ["own", "ask", ["fast", "slow"], "none"],
    ["own", "ask", "none", "none"],
    ["own", "all", "none", "unset"],
    ["own", "readOnly", "none", "none"],
    ["own", "all", ["fast"], "unset"],
  ])("[A-20] %s holds %s among %j by %s", (id, mode, offered, expected) => {
    const hold = holdMode(mode, quirksOf(id), offered);
    const shown =
      hold.by === "mode" ? hold.modeId : hold.by === "trying" ? `try ${hold.modeIds.join(", ")}` : hold.by;
    expect(shown).toBe(expected);
  });

  test.each([
    ["rehearsal", "unknown", ["ask", "edits", "all", "readOnly"]],
    ["goose", "no", ["ask", "edits", "all", "readOnly"]],
    ["codex", "unknown", ["all", "readOnly"]],
    ["own", "unknown", ["ask", "edits", "all", "readOnly"]],
    ["own", "yes", ["ask", "edits", "all", "readOnly"]],
    ["own", "no", ["all"]],
  ] as const)("[A-20] %s with modes %s can hold %j", (id, hasModes, expected) => {
    expect(heldModes(quirksOf(id), hasModes)).toEqual(expected);
  });
});
