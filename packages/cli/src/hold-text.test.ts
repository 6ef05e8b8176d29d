import type { Session, Turn, WaitingFor } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type Hold, holdLine, holdLines, holdOf } from "./hold-text.ts";

const ME = `ses_${"1".repeat(26)}`;
const OTHER = `ses_${"2".repeat(26)}`;

const session = (paused: boolean, status: Session["status"] = "idle") => ({
  queue: { length: 1, paused },
  status,
});
const turn = (state: Turn["state"], waitingFor?: WaitingFor) => ({
  state,
  agent: "qwen",
  ...(waitingFor === undefined ? {} : { waitingFor }),
});

const FUTURE = Date.now() + 3_600_000;
const limited = (agent: string, until: number) => ({ ...session(false), suspended: { agent, until } });

describe("what holds a turn up", () => {
  test.each<[string, Parameters<typeof holdOf>, Hold["kind"] | undefined]>([
    ["nothing", [turn("queued"), session(false)], undefined],
    ["nobody knows its session", [turn("queued"), undefined], undefined],
    ["a paused queue", [turn("queued"), session(true)], "paused"],
    ["the pause before what it waited for", [turn("queued", { kind: "pool" }), session(true)], "paused"],
    ["what the server says", [turn("queued", { kind: "circuit" }), session(false, "busy")], "circuit"],
    ["its own session", [turn("queued"), session(false, "busy")], "behind"],
    ["its own session, which asks", [turn("queued"), session(false, "waiting")], "behind"],
    [
      "a limit of its agent, behind others that wait for it",
      [turn("queued"), limited("qwen", FUTURE)],
      "limit",
    ],
    ["the limit of another agent", [turn("queued"), limited("goose", FUTURE)], undefined],
    ["a limit that is over", [turn("queued"), limited("qwen", 1)], undefined],
    [
      "a running turn that cannot be stored",
      [turn("running", { kind: "storage" }), session(true)],
      "storage",
    ],
    ["a running turn of a paused queue", [turn("running"), session(true, "busy")], undefined],
    ["one that has ended", [turn("aborted", { kind: "pool" }), session(true)], undefined],
  ])("[A-14, D-6] %s", (_, args, kind) => {
    expect(holdOf(...args)?.kind).toBe(kind);
  });

  test.each<[Hold, string, string]>([
    [{ kind: "paused" }, "is paused", `holdfast turn queue ${ME} --resume`],
    [{ kind: "behind" }, "something else first", `holdfast turn stop ${ME}`],
    [{ kind: "workspace", holder: OTHER }, OTHER, `holdfast turn stop ${OTHER}`],
    [{ kind: "workspace", holder: "opr_1" }, "operation opr_1", "ends by itself"],
    [{ kind: "workspace", holder: "a\u001b[2Jb" }, "a<U+001B>[2Jb", "same directory"],
    [{ kind: "workspace" }, "same directory", "same directory"],
    [{ kind: "pool" }, "agents live", "holdfast agents"],
    [{ kind: "circuit", holder: "qwen", until: 0 }, "qwen ended again", `holdfast turn queue ${ME} --resume`],
    [
      { kind: "limit", holder: "qwen", until: 0 },
      "qwen is at its usage limit until",
      `holdfast turn queue ${ME} --resume`,
    ],
    [{ kind: "storage" }, "storage", "holdfast doctor"],
    [{ kind: "host", holder: "box" }, "box", "not there"],
    [{ kind: "turn", holder: "trn_1", detail: "no\u001b[2J room" }, "did not take it", "no<U+001B>[2J room"],
  ])("[A-8, A-14, A-17, A-29, D-6, D-34] %j in words", (hold, what, way) => {
    for (const text of [holdLines(hold, ME).join("\n"), holdLine(hold, ME)]) {
      expect(text).toContain(what);
      expect(text).toContain(way);
      expect(text).not.toContain("\u001b");
    }
  });
});
