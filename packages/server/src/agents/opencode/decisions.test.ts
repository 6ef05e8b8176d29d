import { newId } from "@holdfast/kernel";
import type { ApprovalMode, Part } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { MissingBlobError } from "../read-blob.ts";
import { afterProbe, HEALTH_LIMITS, healthVerdict, isSilent, WELL, type Health } from "./health.ts";
import { userMessageId } from "./message-id.ts";
import { permissionAskOf, wirePermission } from "./permission-ask.ts";
import { endsWith, PERMISSION_VARIABLE, rulesOf, sessionRules, type Rule } from "./permission-rules.ts";
import { promptError } from "./prompt-error.ts";
import { promptParts } from "./prompt-parts.ts";
import { offeredModel, sessionFacts, workingAgent } from "./session-facts.ts";
import { readyUrl } from "./start-server.ts";
import { todosOf } from "./todos.ts";
import { toolUpdateOf } from "./tool-update.ts";
import { judgeTurn, SETTLE_MS, STRANDED_MS, type TurnJudgement, type TurnSight } from "./turn-end.ts";
import { messageUsage, turnUsage } from "./turn-usage.ts";
import { wireEvent } from "./wire-event.ts";

describe("when a turn has ended", () => {
  type Shown = "none" | "open" | "completed" | "going on" | "error";
  const newestOf = (shown: Shown): TurnSight["newest"] =>
    shown === "none"
      ? undefined
      : {
          id: "msg_1",
          settled: shown === "open" ? "no" : shown === "error" ? "error" : "completed",
          goesOn: shown === "going on",
        };
  const judge = (shown: Shown, over: Partial<TurnSight>) =>
    judgeTurn({
      newest: newestOf(shown),
      isBusy: false,
      quietMs: 0,
      hasError: false,
      isCancelled: false,
      ...over,
    });
  const QUIET = [0, SETTLE_MS - 1, SETTLE_MS, STRANDED_MS - 1, STRANDED_MS];

  /** Per newest answer: what is said of a session that is not busy and was seen so for 0, almost 2 s, 2 s, almost 30 s, 30 s. */
  const TABLE: Record<Shown, TurnJudgement[]> = {
    none: ["look", "look", "look", "look", "stranded"],
    open: ["look", "look", "look", "look", "stranded"],
    completed: ["ended", "ended", "ended", "ended", "ended"],
    "going on": ["look", "look", "ended", "ended", "ended"],
    error: ["ended", "ended", "ended", "ended", "ended"],
  };

  test.each(Object.entries(TABLE))("[A-16] the newest answer is %s: %j", (shown, judgements) => {
    expect(QUIET.map((quietMs) => judge(shown as Shown, { quietMs }))).toEqual(judgements);
    expect(QUIET.map((quietMs) => judge(shown as Shown, { quietMs, isBusy: true }))).toEqual(
      QUIET.map(() => "wait"),
    );
  });

  test.each([
    ["an error that no message carries", { hasError: true }],
    ["a cancel before anything was answered", { isCancelled: true }],
  ])("[A-16] %s ends it once the session stays quiet", (_name, over) => {
    expect(judge("none", over)).toBe("look");
    expect(judge("none", { ...over, quietMs: SETTLE_MS })).toBe("ended");
    expect(judge("none", { ...over, quietMs: SETTLE_MS, isBusy: true })).toBe("wait");
    // An abort's first idle event comes before the text is final.
    expect(judge("open", { ...over, quietMs: SETTLE_MS })).toBe("look");
  });
});

describe("the health of a server", () => {
  const { intervalMs, failures, busyGraceMs } = HEALTH_LIMITS;
  const after = (count: number, spacing: number): Health => {
    let health = WELL;
    for (let probe = 0; probe < count; probe += 1)
      health = afterProbe(health, false, probe * spacing, HEALTH_LIMITS);
    return health;
  };

  test("[A-24] failures closer together than the interval are one, and one answer forgives all", () => {
    expect(after(100, 1).failures).toBe(1);
    expect(after(failures - 1, intervalMs).failingSince).toBeUndefined();
    expect(after(failures, intervalMs).failingSince).toBe((failures - 1) * intervalMs);
    expect(afterProbe(after(failures, intervalMs), true, 1e6, HEALTH_LIMITS)).toBe(WELL);
  });

  const since = (failures - 1) * intervalMs;
  test.each([
    ["well", WELL, false, false, 0, "wait"],
    ["one failure", after(1, intervalMs), false, false, 1e9, "wait"],
    ["almost enough", after(failures - 1, intervalMs), false, false, 1e9, "wait"],
    ["enough, idle", after(failures, intervalMs), false, false, since, "restart"],
    ["enough, busy", after(failures, intervalMs), false, true, since, "wait"],
    [
      "busy, almost over the grace",
      after(failures + 3, intervalMs),
      false,
      true,
      since + busyGraceMs - 1,
      "wait",
    ],
    ["busy, over the grace", after(failures + 3, intervalMs), false, true, since + busyGraceMs, "restart"],
    ["gone, well before", WELL, true, true, 0, "restart"],
    ["gone, idle", after(1, intervalMs), true, false, 0, "restart"],
  ] as const)("[A-24] %s", (_name, health, isGone, isBusy, now, verdict) => {
    expect(healthVerdict(health, { isGone, isBusy, now }, HEALTH_LIMITS)).toBe(verdict);
  });

  test.each([
    [0, HEALTH_LIMITS.silenceMs - 1, true, false],
    [0, HEALTH_LIMITS.silenceMs, true, true],
    [0, HEALTH_LIMITS.silenceMs, false, false],
  ])("[A-24] silent from %d to %d, read %s: %s", (lastAt, now, isRead, expected) => {
    expect(isSilent({ lastAt, isRead }, now, HEALTH_LIMITS)).toBe(expected);
  });
});

describe("permission rules", () => {
  const rule = (permission: string, pattern: string, action: Rule["action"]): Rule => ({
    permission,
    pattern,
    action,
  });
  /** opencode's own: the last rule that matches decides. */
  const decide = (rules: readonly Rule[], permission: string, pattern: string) => {
    const fits = (glob: string, value: string) =>
      new RegExp(`^${glob.replaceAll(/[.+^$()|[\]\\?]/g, "\\$&").replaceAll("*", ".*")}$`).test(value);
    return rules.findLast((each) => fits(each.permission, permission) && fits(each.pattern, pattern))?.action;
  };

  const TABLE: Record<ApprovalMode, Record<string, Rule["action"]>> = {
    ask: {
      edit: "ask",
      bash: "ask",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "deny",
    },
    edits: {
      edit: "allow",
      bash: "ask",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "deny",
    },
    all: {
      edit: "allow",
      bash: "allow",
      read: "allow",
      glob: "allow",
      task: "allow",
      mcp_tool: "allow",
      question: "deny",
    },
    readOnly: {
      edit: "deny",
      bash: "deny",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "deny",
    },
  };

  test.each(Object.entries(TABLE))("[A-20] in mode %s: %j", (mode, actions) => {
    const rules = sessionRules(mode as ApprovalMode, [rule("*", "*", "allow")]);
    const decided = Object.keys(actions).map((name) => [name, decide(rules, name, "src/main.ts")]);
    expect(Object.fromEntries(decided)).toEqual(actions);
    expect(decide(rules, "read", "app/.env")).toBe(mode === "all" ? "allow" : "ask");
    expect(decide(rules, "external_directory", "/etc/*")).toBe(mode === "all" ? "allow" : "ask");
  });

  test("[A-20] what the user's configuration denies stays denied, what it lifts again is not", () => {
    const agent = [
      rule("*", "*", "allow"),
      rule("question", "*", "deny"),
      rule("question", "*", "allow"),
      rule("bash", "rm *", "deny"),
      rule("webfetch", "*", "deny"),
      rule("external_directory", "/home/user/.local/share/opencode/tool-output/*", "allow"),
      rule("*", "*", "ask"),
    ];
    const rules = sessionRules("all", agent);
    expect(decide(rules, "bash", "rm -rf /")).toBe("deny");
    expect(decide(rules, "webfetch", "https://example.com")).toBe("deny");
    expect(decide(rules, "bash", "ls")).toBe("allow");
    const asking = sessionRules("ask", agent);
    expect(decide(asking, "external_directory", "/home/user/.local/share/opencode/tool-output/x")).toBe(
      "allow",
    );
  });

  test("[A-20] subagents are told by the environment to ask", () => {
    expect(JSON.parse(PERMISSION_VARIABLE)).toMatchObject({ "*": "ask", read: "allow", question: "deny" });
  });

  test("[A-20] only the last rules count as held", () => {
    const [a, b] = [rule("*", "*", "ask"), rule("edit", "*", "allow")];
    expect(endsWith([b, a], [a])).toBe(true);
    expect(endsWith([a, b], [a])).toBe(false);
    expect(endsWith([a], [a, b])).toBe(false);
    expect(rulesOf([a, { permission: 1 }, null, { ...b, action: "maybe" }])).toEqual([a]);
    expect(rulesOf(undefined)).toEqual([]);
  });

  test("[A-19] a request shows the whole arguments of its call, and the command or the path", () => {
    const wire = (over: object) =>
      wirePermission({ id: "per_1", sessionID: "ses_1", permission: "bash", patterns: ["touch *"], ...over });
    const bash = wire({ metadata: { command: "touch x" }, tool: { messageID: "m", callID: "c" } });
    expect(bash?.call).toEqual({ messageId: "m", callId: "c" });
    expect(
      bash && permissionAskOf(bash, { callId: "c", tool: "bash", input: { command: "touch x" } }),
    ).toEqual({
      callId: "c",
      tool: "bash",
      title: "bash touch x",
      kind: "execute",
      args: { command: "touch x" },
      patterns: ["touch x"],
    });
    const edit = wire({ permission: "edit", metadata: { filepath: "/p/a.txt", diff: "+x" } });
    expect(edit && permissionAskOf(edit, undefined)).toMatchObject({
      tool: "edit",
      kind: "edit",
      args: { filepath: "/p/a.txt", diff: "+x" },
      patterns: ["/p/a.txt"],
    });
    const other = wire({ permission: "some_mcp_tool", metadata: null, patterns: ["*", 7] });
    expect(other && permissionAskOf(other, undefined)).toMatchObject({
      kind: "other",
      args: { patterns: ["*"] },
      patterns: ["*"],
    });
    expect(wirePermission({ id: "per_1" })).toBeUndefined();
  });
});

describe("what opencode sends", () => {
  test.each([
    ["opencode server listening on http://127.0.0.1:4096\n", "http://127.0.0.1:4096"],
    ["noise\nopencode server listening on http://localhost:35141/ \n", "http://localhost:35141"],
    ["opencode server listening on http://127.0.0.1:40", undefined],
    ["opencode server listening on http://evil.example:4096\n", undefined],
    ["listening soon\n", undefined],
  ])("[A-23] ready line %j: %s", (output, url) => {
    expect(readyUrl(output)).toBe(url);
  });

  test("[A-12] an event is read as far as it has a shape", () => {
    expect(wireEvent({ type: "x", properties: { part: { sessionID: "s" } } })?.sessionId).toBe("s");
    expect(wireEvent({ type: "x", properties: { info: { sessionID: "s" } } })?.sessionId).toBe("s");
    expect(wireEvent({ type: "x" })).toEqual({ type: "x", sessionId: undefined, properties: {} });
    for (const value of [null, 7, "x", [], {}, { type: 1 }]) expect(wireEvent(value)).toBeUndefined();
  });

  test("[A-16] our message id stands between the ids of opencode around it", () => {
    const ours = userMessageId(1_795_247_875_569);
    expect(ours).toMatch(/^msg_1fd1ca5f1000[0-9a-f]{14}$/);
    expect(ours < "msg_1fd1ca5f1001b5jXwFy7EQEwuI").toBe(true);
    expect(ours > "msg_1fd1ca5f0fffzzzzzzzzzzzzzz").toBe(true);
    expect(userMessageId(1_795_247_875_569)).not.toBe(ours);
  });

  test.each([
    [
      { name: "MessageAbortedError", data: { message: "Aborted" } },
      { name: "MessageAbortedError", data: { message: "Aborted" } },
    ],
    [
      { name: "MessageOutputLengthError", data: {} },
      { name: "MessageOutputLengthError", data: {} },
    ],
    [
      { name: "ContextOverflowError", data: { message: "too long" } },
      { name: "ContextOverflowError", data: { message: "too long" } },
    ],
    [
      { name: "ContentFilterError", data: { message: "no" } },
      { name: "ContentFilterError", data: { message: "no" } },
    ],
    [
      { name: "ProviderAuthError", data: { providerID: "p", message: "no key" } },
      { name: "ProviderAuthError", data: { providerId: "p", message: "no key" } },
    ],
    [
      {
        name: "APIError",
        data: { message: "token=abcdefgh123", statusCode: 429, isRetryable: true, responseBody: "b" },
      },
      {
        name: "APIError",
        data: { message: "token=[redacted]", statusCode: 429, isRetryable: true, responseBody: "b" },
      },
    ],
    [
      { name: "APIError", data: { message: "m", statusCode: "429" } },
      { name: "APIError", data: { message: "m", isRetryable: false } },
    ],
    [
      { name: "UnknownError", data: { message: "m" } },
      { name: "AgentReportedError", data: { agent: "a", message: "m" } },
    ],
    [
      "nonsense",
      { name: "AgentReportedError", data: { agent: "a", message: "opencode reported an error." } },
    ],
  ])("[A-25] %j", (error, expected) => {
    expect(promptError("a", error)).toEqual(expected);
  });

  test("[A-21] zeros mean that nothing was reported, and the sum spans the turn", () => {
    const zero = messageUsage({
      cost: 0,
      tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
    });
    expect(zero).toEqual({ tokens: undefined, cost: undefined });
    const one = messageUsage({
      cost: 0.5,
      tokens: { total: 12, input: 10, output: 2, reasoning: 0, cache: { read: 3, write: 0 } },
    });
    const free = messageUsage({ cost: 0, tokens: { input: 20, output: 5 } });
    expect(turnUsage([one, zero, free], 100)).toEqual({
      scope: "turn",
      tokens: { total: 37, input: 30, output: 7, reasoning: 0, cache: { read: 3, write: 0 } },
      cost: 0.5,
      context: { used: 25, size: 100 },
    });
    expect(turnUsage([zero], 100)).toBeUndefined();
    expect(turnUsage([free], undefined)).not.toHaveProperty("context");
  });

  test("[A-23] tool states become upserts", () => {
    const part = (state: object, tool = "edit") => toolUpdateOf({ tool, state }, "c");
    expect(part({ status: "pending", input: {}, raw: '{"fi' })).toEqual({
      callId: "c",
      status: "pending",
      tool: "edit",
      kind: "edit",
      raw: '{"fi',
    });
    expect(
      part({ status: "running", input: { command: "x" }, metadata: { output: "so far" } }, "bash"),
    ).toMatchObject({
      kind: "execute",
      output: "so far",
    });
    const input = { filePath: "/p/a", oldString: "a", newString: "b" };
    expect(part({ status: "completed", input, output: "ok", title: "a" })).toMatchObject({
      locations: [{ path: "/p/a" }],
      diffs: [{ path: "/p/a", oldText: "a", newText: "b" }],
    });
    const metadata = { filediff: { before: "1", after: "2" } };
    expect(part({ status: "completed", input, output: "ok", metadata })?.diffs).toEqual([
      { path: "/p/a", oldText: "1", newText: "2" },
    ]);
    const attachments = [{ url: "data:image/png;base64,AAAA" }, { url: "https://example.com/x.png" }];
    expect(part({ status: "completed", input: {}, output: "", attachments }, "read")?.images).toEqual([
      { mime: "image/png", data: "AAAA" },
    ]);
    expect(part({ status: "error", input: {} })?.error).toBe("The tool call failed.");
    expect(part({ status: "dancing" })).toBeUndefined();
    expect(toolUpdateOf({ tool: "constructor", state: { status: "pending" } }, "c")?.kind).toBe("other");
  });

  test("[A-23] todos, modes, models and commands are what is offered", () => {
    expect(todosOf([{ content: "x", status: "odd", priority: "low" }, { content: 1 }])).toEqual([
      { content: "x", status: "pending", priority: "low" },
    ]);
    const agents = [
      { name: "build", mode: "primary", permission: [{ permission: "*", pattern: "*", action: "allow" }] },
      { name: "plan", mode: "all", description: "thinks" },
      { name: "title", mode: "primary", hidden: true },
      { name: "general", mode: "subagent" },
    ];
    const providers = {
      providers: [
        { id: "fake", models: { m: { id: "m", name: "M", limit: { context: 5 } }, n: { id: "n" } } },
      ],
    };
    const facts = sessionFacts("build", agents, [{ name: "init" }, {}], providers);
    expect(facts.events).toEqual([
      {
        type: "modes",
        modes: {
          current: "build",
          available: [
            { id: "build", name: "build" },
            { id: "plan", name: "plan", description: "thinks" },
          ],
        },
      },
      {
        type: "models",
        models: {
          available: [
            { id: "fake/m", name: "M" },
            { id: "fake/n", name: "fake/n" },
          ],
        },
      },
      { type: "commands", commands: [{ name: "init", description: "" }] },
    ]);
    expect(facts.contextSizes.get("fake/m")).toBe(5);
    expect(workingAgent(agents, {}).name).toBe("build");
    expect(workingAgent(agents, { agent: "plan" }).name).toBe("plan");
    expect(workingAgent(agents, { agent: "title" })).toMatchObject({
      name: "build",
      rules: [{ action: "allow" }],
    });
    expect(workingAgent([], {})).toEqual({ name: "build", rules: [] });
    const offered = new Set(["fake/m", "fake/vendor/n"]);
    expect(offeredModel({ providerId: "fake", modelId: "m" }, offered)).toEqual({
      providerID: "fake",
      modelID: "m",
    });
    expect(offeredModel({ modelId: "fake/vendor/n" }, offered)).toEqual({
      providerID: "fake",
      modelID: "vendor/n",
    });
    expect(offeredModel({ providerId: "other", modelId: "m" }, offered)).toBeUndefined();
  });

  test("[A-23] a prompt is texts and files, stored content as data", async () => {
    const identity = { id: newId("prt"), sessionId: newId("ses"), messageId: newId("msg") };
    const parts: Part[] = [
      { ...identity, type: "text", text: "hello" },
      { ...identity, type: "text", text: "made", synthetic: true },
      { ...identity, type: "text", text: "shown only", ignored: true },
      { ...identity, type: "file", mime: "text/plain", url: "file:///p/a.txt" },
      { ...identity, type: "file", mime: "image/png", url: "blob:abc", filename: "a.png" },
    ];
    const readBlob = async () => ({ bytes: new Uint8Array([1, 2]), mime: "image/png" });
    expect(await promptParts({ parts }, readBlob)).toEqual([
      { type: "text", text: "hello" },
      { type: "text", text: "made", synthetic: true },
      { type: "file", mime: "text/plain", url: "file:///p/a.txt" },
      { type: "file", mime: "image/png", url: "data:image/png;base64,AQI=", filename: "a.png" },
    ]);
    await expect(promptParts({ parts }, async () => undefined)).rejects.toThrow(MissingBlobError);
    expect(await promptParts({ parts: [] }, readBlob)).toEqual([{ type: "text", text: "" }]);
  });
});
