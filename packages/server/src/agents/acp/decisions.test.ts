import { RequestError } from "@agentclientprotocol/sdk";
import { newId } from "@holdfast/kernel";
import type { Features, Part } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { KNOWN_AGENTS, NO_QUIRKS } from "../catalog/index.ts";
import { NOTE_TAIL_CHARS, NoteThrottle, tailOf } from "../note-throttle.ts";
import type { PermissionAnswer, PromptResult } from "../port.ts";
import { MissingBlobError } from "../read-blob.ts";
import { permissionAskOf, ToolMemory } from "../tool-memory.ts";
import type { UpdateClass } from "./content-update.ts";
import { afterRefusal, openAttempts, type Attempt } from "./open-session.ts";
import { chooseOption } from "./permission-option.ts";
import { promptBlocks, type PromptFiles } from "./prompt-blocks.ts";
import { promptResult, type PromptEnd } from "./prompt-result.ts";
import { PromptUsage } from "./prompt-usage.ts";
import { classifyRefusal, type OpenRefusal } from "./request-error.ts";
import { placeUpdate, type FeedPhase, type UpdatePlace } from "./update-place.ts";

describe("where an update goes", () => {
  const TABLE: Record<FeedPhase, Record<UpdateClass, UpdatePlace>> = {
    opening: { content: "hold", state: "hold", echo: "hold", unknown: "hold" },
    replaying: { content: "drop", state: "state", echo: "drop", unknown: "drop" },
    idle: { content: "late", state: "state", echo: "drop", unknown: "raw" },
    prompting: { content: "turn", state: "state", echo: "drop", unknown: "raw" },
  };

  test.each(Object.entries(TABLE))("[A-16] while %s", (phase, places) => {
    const found = Object.keys(places).map((kind) => [
      kind,
      placeUpdate(phase as FeedPhase, true, kind as UpdateClass),
    ]);
    expect(Object.fromEntries(found)).toEqual(places);
    const stranger = phase === "opening" ? "hold" : "stranger";
    for (const kind of Object.keys(places)) {
      expect(placeUpdate(phase as FeedPhase, false, kind as UpdateClass)).toBe(stranger);
    }
  });
});

describe("how a session is opened", () => {
  const features = (resume: "yes" | "no", load: "yes" | "no") => ({ resume, load }) as Features;

  test.each<[string | undefined, Features, boolean, Attempt[]]>([
    [undefined, features("yes", "yes"), false, ["create"]],
    ["id", features("yes", "yes"), false, ["resume", "load", "create"]],
    ["id", features("yes", "yes"), true, ["load", "create"]],
    ["id", features("no", "yes"), false, ["load", "create"]],
    ["id", features("yes", "no"), false, ["resume", "create"]],
    ["id", features("no", "no"), false, ["create"]],
  ])("[A-5] known %s, %j, resume broken %s: %j", (known, bits, isBroken, expected) => {
    expect(openAttempts(known, bits, isBroken)).toEqual(expected);
  });

  test.each<[OpenRefusal, Attempt[], string]>([
    ["unsupported", ["load", "create"], "next"],
    ["unsupported", ["create"], "next"],
    ["unsupported", [], "fail"],
    ["gone", ["load", "create"], "next"],
    ["gone", ["create"], "next"],
    ["gone", [], "fail"],
    ["broken", ["load", "create"], "next"],
    ["broken", ["create"], "fail"],
    ["broken", [], "fail"],
    ["login", ["load", "create"], "login"],
    ["login", [], "login"],
  ])("[A-5] %s with %j left: %s", (refusal, rest, expected) => {
    expect(afterRefusal(refusal, rest)).toBe(expected);
  });

  test.each<[unknown, OpenRefusal]>([
    [new RequestError(-32_601, "Method not found"), "unsupported"],
    [new RequestError(-32_002, "Resource not found"), "gone"],
    [new RequestError(-32_603, "Internal error", { details: "Session not found: x" }), "gone"],
    [new RequestError(-32_602, "Invalid params", "session abc does not exist"), "gone"],
    [new RequestError(-32_603, "Unknown session"), "gone"],
    [new RequestError(-32_603, "Internal error: No previous sessions found for this project."), "gone"],
    [new RequestError(-32_603, "Internal error"), "broken"],
    [new RequestError(-32_603, "model not found"), "broken"],
    [new RequestError(-32_023, "another writer has this session"), "broken"],
    [new RequestError(-32_000, "Authentication required"), "login"],
    [new Error("session not found"), "broken"],
  ])("[A-5] %s means %s", (error, expected) => {
    expect(classifyRefusal(error)).toBe(expected);
  });
});

describe("how a prompt ended", () => {
  const goose = KNOWN_AGENTS.find(({ id }) => id === "goose")?.quirks ?? NO_QUIRKS;
  const crash = { name: "AgentError", data: { agent: "a", phase: "prompt", message: "gone" } } as const;
  const said = "Ran into this error: no";
  const end = (over: Partial<PromptEnd>): PromptEnd => ({
    agent: "a",
    version: "1.52.0",
    answer: { result: { stopReason: "end_turn" } },
    isCancelled: false,
    isRejected: false,
    isKilled: false,
    crash: undefined,
    lastText: "",
    usage: undefined,
    quirks: NO_QUIRKS,
    authMethods: [],
    ...over,
  });
  const ended = (stopReason: string) => ({ outcome: "ended", stopReason }) as PromptResult;
  const reported = {
    outcome: "failed",
    error: { name: "AgentReportedError", data: { agent: "a", message: said } },
  } as PromptResult;
  const error = { error: new RequestError(-32_603, "Request was aborted") };

  test.each<[string, Partial<PromptEnd>, PromptResult]>([
    ["end_turn", {}, ended("end_turn")],
    ["max_tokens", { answer: { result: { stopReason: "max_tokens" } } }, ended("max_tokens")],
    ["a null result", { answer: { result: null } }, ended("end_turn")],
    ["cancelled", { answer: { result: { stopReason: "cancelled" } }, isCancelled: true }, ended("cancelled")],
    [
      "cancelled by nobody, after a no",
      { answer: { result: { stopReason: "cancelled" } }, isRejected: true },
      ended("denied"),
    ],
    [
      "cancelled by us, after a no",
      { answer: { result: { stopReason: "cancelled" } }, isRejected: true, isCancelled: true },
      ended("cancelled"),
    ],
    ["going on after a no", { isRejected: true }, ended("end_turn")],
    ["an error after a cancel", { answer: error, isCancelled: true }, ended("cancelled")],
    [
      "a killed child",
      { answer: { error: new Error("closed") }, isKilled: true, crash },
      { outcome: "killed" },
    ],
    ["a dead child", { answer: { error: new Error("closed") }, crash }, { outcome: "crashed", error: crash }],
    [
      "a child that died under a cancel",
      { answer: { error: new Error("closed") }, crash, isCancelled: true },
      { outcome: "crashed", error: crash },
    ],
    ["an error as text", { quirks: goose, lastText: said }, reported],
    [
      "the words with tokens counted",
      { quirks: goose, lastText: said, answer: { result: { stopReason: "end_turn", usage: {} } } },
      ended("end_turn"),
    ],
    ["the words of another version", { quirks: goose, lastText: said, version: "2.0.0" }, ended("end_turn")],
    ["the words of an agent without a sign", { lastText: said }, ended("end_turn")],
    ["the words after a cancel", { quirks: goose, lastText: said, isCancelled: true }, ended("end_turn")],
  ])("[A-25] %s", (_, over, expected) => {
    expect(promptResult(end(over))).toEqual(expected);
  });

  test("[A-25] a stop reason that is not known fails the turn instead of passing for fine", () => {
    const result = promptResult(end({ answer: { result: { stopReason: "bored" } } }));
    expect(result).toMatchObject({ outcome: "failed", error: { name: "UnknownError" } });
  });
});

describe("what is told to the agent", () => {
  const option = (kind: string) => ({ optionId: `id-${kind}`, name: kind, kind });
  const all = ["allow_always", "allow_once", "reject_once", "reject_always"].map(option);

  test.each<[string, unknown, PermissionAnswer, string]>([
    ["all offered", all, "once", "id-allow_once"],
    ["all offered", all, "reject", "id-reject_once"],
    ["all offered", all, "denied", "id-reject_once"],
    ["all offered", all, "expired", "id-reject_once"],
    ["all offered", all, "cancelled", "cancelled"],
    ["only always", [option("allow_always")], "once", "id-allow_always"],
    ["only always", [option("reject_always")], "reject", "id-reject_always"],
    ["no way to reject", [option("allow_once")], "reject", "cancelled"],
    ["no way to allow", [option("reject_once")], "once", "cancelled"],
    ["no options", undefined, "once", "cancelled"],
    ["broken options", [null, 7, { kind: "allow_once" }], "once", "cancelled"],
  ])("[A-19] with %s %j, %s is %s", (_, options, answer, expected) => {
    const outcome = chooseOption(options, answer);
    expect("optionId" in outcome ? outcome.optionId : outcome.outcome).toBe(expected);
  });

  const sessionId = newId("ses");
  const identity = () => ({ id: newId("prt"), sessionId, messageId: newId("msg") });
  const text = (words: string, over: object = {}): Part => ({
    ...identity(),
    type: "text",
    text: words,
    ...over,
  });
  const file = (mime: string, url: string): Part => ({
    ...identity(),
    type: "file",
    mime,
    url,
    filename: "f",
  });
  const files: PromptFiles = {
    readBlob: async () => ({ bytes: Buffer.from("hello"), mime: "x" }),
    read: async () => "read",
    bytes: async () => Buffer.from("read"),
  };

  test("[A-25] the system text comes first, machine text is sent, text for people is not", async () => {
    const parts = [text("one"), text("two", { synthetic: true }), text("three", { ignored: true })];
    const blocks = await promptBlocks({ parts, system: "be brief" }, { images: true, embedded: true }, files);
    expect(blocks.map((block) => (block.type === "text" ? block.text : block.type))).toEqual([
      "be brief",
      "one",
      "two",
    ]);
  });

  test.each([
    [
      "a file",
      file("text/plain", "file:///a/b.txt"),
      true,
      true,
      { type: "resource_link", uri: "file:///a/b.txt" },
    ],
    ["an image", file("image/png", "blob:h"), true, true, { type: "image", data: "aGVsbG8=" }],
    ["an image it cannot see", file("image/png", "blob:h"), false, true, { type: "text" }],
    [
      "a stored text",
      file("text/plain", "blob:h"),
      true,
      true,
      { type: "resource", resource: { text: "hello" } },
    ],
    [
      "a stored text, flat",
      file("text/plain", "blob:h"),
      true,
      false,
      { type: "text", text: '<file name="f">\nhello\n</file>' },
    ],
    [
      "stored bytes",
      file("application/pdf", "blob:h"),
      true,
      true,
      { type: "resource", resource: { blob: "aGVsbG8=" } },
    ],
    ["stored bytes it cannot take", file("application/pdf", "blob:h"), true, false, { type: "text" }],
  ])("[A-25] %s becomes a block", async (_, part, images, embedded, expected) => {
    const [block] = await promptBlocks({ parts: [part] }, { images, embedded }, files);
    expect(block).toMatchObject(expected);
  });

  test("[A-25] an attachment that is gone is a typed error; an empty prompt is one empty block", async () => {
    const accepts = { images: true, embedded: true };
    const gone = promptBlocks({ parts: [file("image/png", "blob:h")] }, accepts, {
      ...files,
      readBlob: async () => undefined,
    });
    await expect(gone).rejects.toBeInstanceOf(MissingBlobError);
    expect(await promptBlocks({ parts: [] }, accepts, files)).toEqual([{ type: "text", text: "" }]);
  });
});

describe("what a person is asked", () => {
  test("[A-19] a request that names only the call is shown with what was said of it before", () => {
    const memory = new ToolMemory();
    memory.merge({
      callId: "1",
      tool: "shell",
      kind: "execute",
      input: { command: "ls" },
      output: "x".repeat(10),
    });
    memory.merge({ callId: "1", title: "List" });
    const known = memory.find("1");
    expect(known && permissionAskOf(known)).toEqual({
      callId: "1",
      tool: "shell",
      title: "List",
      kind: "execute",
      args: { command: "ls" },
      patterns: ["ls"],
    });
    expect(known?.output).toBeUndefined();
  });

  test("[A-19] paths are named once, whichever way the agent told them", () => {
    const ask = permissionAskOf({
      callId: "1",
      input: { file_path: "/a", content: "x" },
      diffs: [{ path: "/a", newText: "x" }],
      locations: [{ path: "/b" }],
    });
    expect(ask).toMatchObject({ tool: "other", kind: "other", title: "other", patterns: ["/a", "/b"] });
    expect(permissionAskOf({ callId: "1", diffs: [{ path: "/a", newText: "x" }] }).args).toEqual({
      diffs: [{ path: "/a", newText: "x" }],
    });
  });

  test("[A-12] an agent that opens calls without end does not fill the memory", () => {
    const memory = new ToolMemory();
    for (let call = 0; call < 1_500; call += 1) memory.merge({ callId: String(call) });
    expect(memory.find("0")).toBeUndefined();
    expect(memory.find("1499")).toBeDefined();
  });
});

describe("notes", () => {
  test("[A-12] the first notes of a kind are whole, then every doubling tells the bytes since", () => {
    const throttle = new NoteThrottle();
    const given = Array.from({ length: 100 }, () => throttle.note("notice", "noise", 10, "x")).filter(
      Boolean,
    );
    expect(given).toHaveLength(16 + 2);
    expect(given.at(-1)?.bytes).toBe(320);
    expect(throttle.note("late", "noise", 10, "x")).toMatchObject({ bytes: 10 });
  });

  test("[A-12] an agent that invents kinds shares one count for them", () => {
    const throttle = new NoteThrottle();
    const given = Array.from({ length: 1_000 }, (_, kind) => throttle.note("raw", `kind-${kind}`, 1, "x"));
    expect(given.filter(Boolean).length).toBeLessThan(64 + 16 + 8);
  });

  test("[A-12] a tail is bounded, masked before it is cut, and well-formed", () => {
    const secret = `api_key=${"k".repeat(40)}`;
    expect(tailOf(`${secret}${"x".repeat(NOTE_TAIL_CHARS - 20)}`)).not.toContain("kkkk");
    expect(tailOf(`😀${"x".repeat(NOTE_TAIL_CHARS - 1)}`).isWellFormed()).toBe(true);
    expect(tailOf("x".repeat(10_000))).toHaveLength(NOTE_TAIL_CHARS);
  });
});

describe("usage", () => {
  test("[A-21] what was not reported is absent; the cost is what the session's sum grew by", () => {
    const rules = { response: "turn", perCall: false } as const;
    const none = { cost: undefined, context: undefined };
    expect(new PromptUsage(rules, undefined).settle({ stopReason: "end_turn" }, none)).toBeUndefined();
    const usage = new PromptUsage(rules, 1.5).settle(
      { usage: { inputTokens: 3, cachedReadTokens: 2, outputTokens: -1 } },
      { cost: 2, context: { used: 5, size: 10 } },
    );
    expect(usage).toEqual({
      tokens: { input: 3, cache: { read: 2, write: 0 } },
      scope: "turn",
      cost: 0.5,
      context: { used: 5, size: 10 },
    });
  });
});
