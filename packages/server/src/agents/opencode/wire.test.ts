import { newId } from "@holdfast/kernel";
import type { Features, Model, Part } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { KIND_FEATURES } from "../kind-features.ts";
import { MissingBlobError } from "../read-blob.ts";
import { userMessageId } from "./message-id.ts";
import { promptError } from "./prompt-error.ts";
import { commandOf, promptParts } from "./prompt-parts.ts";
import { chosenModel, sessionFacts, workingAgent } from "./session-facts.ts";
import { readyUrl } from "./start-server.ts";
import { todosOf } from "./todos.ts";
import { toolUpdateOf } from "./tool-update.ts";
import { messageUsage, turnUsage } from "./turn-usage.ts";
import { wireEvent } from "./wire-event.ts";

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
      {
        name: "APIError",
        data: {
          message: "no",
          statusCode: 403,
          isRetryable: false,
          responseHeaders: { "Set-Cookie": "a=b", "x-request-id": "1" },
          metadata: { url: "https://model/v1?key=secret", odd: 7 },
        },
      },
      {
        name: "APIError",
        data: {
          message: "no",
          statusCode: 403,
          isRetryable: false,
          responseHeaders: { "set-cookie": "[redacted]", "x-request-id": "1" },
          metadata: { url: "https://model/v1" },
        },
      },
    ],
    [
      { name: "APIError", data: { message: "wrong key", statusCode: 401, isRetryable: false } },
      { name: "ProviderAuthError", data: { providerId: "a", message: "wrong key" } },
    ],
    [
      { name: "UnknownError", data: { message: '{"type":"error","error":{"code":"rate_limit_exceeded"}}' } },
      {
        name: "APIError",
        data: {
          message: "Too many requests",
          isRetryable: true,
          responseBody: '{"type":"error","error":{"code":"rate_limit_exceeded"}}',
        },
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
    const named = { filepath: "/p/b" };
    expect(part({ status: "completed", input, output: "", metadata: named })?.locations).toEqual([
      { path: "/p/a" },
      { path: "/p/b" },
    ]);
    const attachments = [
      { url: "data:image/png;base64,AAAA" },
      { url: "data:audio/wav;x=y;base64,BBBB", mime: "audio/wav", filename: "a.wav" },
      { url: "https://example.com/x.pdf", mime: "application/pdf" },
      { url: "javascript:alert(1)" },
      { url: "data:text/plain,plain" },
    ];
    expect(part({ status: "completed", input: {}, output: "", attachments }, "read")?.attachments).toEqual([
      { mime: "image/png", data: "AAAA" },
      { mime: "audio/wav", filename: "a.wav", data: "BBBB" },
      { mime: "application/pdf", url: "https://example.com/x.pdf" },
    ]);
    expect(part({ status: "error", input: {} })?.error).toBe("The tool call failed.");
    expect(part({ status: "dancing" })).toBeUndefined();
    expect(toolUpdateOf({ tool: "constructor", state: { status: "pending" } }, "c")?.kind).toBe("other");
  });

  test("[A-23, R-11.2] what the provider says of a call is kept beside its state, up to 64 KiB of it", () => {
    const said = (metadata: object) =>
      toolUpdateOf({ tool: "edit", state: { status: "running", metadata: { x: 1 } }, metadata }, "c");
    expect(said({ google: { thoughtSignature: "s" } })?.metadata).toEqual({
      provider: { google: { thoughtSignature: "s" } },
    });
    expect(said({})).not.toHaveProperty("metadata");
    expect(said({ sealed: "s".repeat(65_536) })).not.toHaveProperty("metadata");
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
      { type: "subagents", subagents: [{ name: "plan", description: "thinks" }, { name: "general" }] },
    ]);
    expect([...facts.commands]).toEqual(["init"]);
    expect(facts.models.get("fake/m")).toEqual({ context: 5, variants: [] });
    expect(workingAgent(agents, {}).name).toBe("build");
    expect(workingAgent(agents, { agent: "plan" }).name).toBe("plan");
    expect(workingAgent(agents, { agent: "title" })).toMatchObject({
      name: "build",
      rules: [{ action: "allow" }],
    });
    expect(workingAgent([], {})).toEqual({ name: "build", rules: [] });
  });

  test("[A-7] a prompt names the model and the variant that are offered, and nothing else", () => {
    const offered = new Map([
      ["fake/m", { context: 5, variants: ["high"] }],
      ["fake/vendor/n", { context: undefined, variants: [] }],
    ]);
    const features = { ...KIND_FEATURES.opencode } as Features;
    const choose = (model: Model) => chosenModel("opencode", model, offered, features);
    expect(choose({ providerId: "fake", modelId: "m", variant: "high" })).toEqual({
      providerID: "fake",
      modelID: "m",
      variant: "high",
    });
    expect(choose({ modelId: "fake/vendor/n" })).toEqual({ providerID: "fake", modelID: "vendor/n" });
    expect(() => choose({ providerId: "other", modelId: "m" })).toThrow(
      /^model: opencode does not offer m\./,
    );
    expect(() => choose({ modelId: "fake/m", variant: "low" })).toThrow(/^model\.variant: .* It has high\./);
  });

  test.each([
    ["/init now  please", { name: "init", arguments: "now  please" }],
    ["/init", { name: "init", arguments: "" }],
    ["/init\nmore", { name: "init", arguments: "more" }],
    ["/other", undefined],
    ["/usr/bin is full", undefined],
    [" /init", undefined],
    ["say /init", undefined],
  ])("[A-23] %j is the command %j", (words, expected) => {
    const parts = [
      { type: "text", text: "<account>", synthetic: true },
      { type: "text", text: words },
    ] as const;
    expect(commandOf(parts, new Set(["init"]))).toEqual(expected);
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

  test("[R-8.3, R-8.4] a symbol goes to opencode as its own, the text of a resource as text", async () => {
    const identity = { id: newId("prt"), sessionId: newId("ses"), messageId: newId("msg") };
    const text = { value: "@x", start: 0, end: 2 };
    const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 1 } };
    const symbol = { type: "symbol" as const, path: "a.ts", name: "open", kind: 12, range, text };
    const resource = { type: "resource" as const, clientName: "docs", uri: "doc://a", text };
    const file = { ...identity, type: "file" as const, filename: "a" };
    const parts: Part[] = [
      { ...file, mime: "text/plain", url: "file:///p/a.ts?start=2&end=3", source: symbol },
      { ...file, mime: "text/markdown", url: "blob:abc", source: resource },
    ];
    const readBlob = async () => ({ bytes: Buffer.from("# A"), mime: "text/markdown" });
    expect(await promptParts({ parts }, readBlob)).toEqual([
      {
        type: "file",
        mime: "text/plain",
        url: "file:///p/a.ts?start=2&end=3",
        filename: "a",
        source: symbol,
      },
      { type: "file", mime: "text/plain", url: "data:text/plain;base64,IyBB", filename: "a" },
    ]);
  });

  test("[R-8.2] a mention goes to opencode as its own; what is no text is only named", async () => {
    const identity = { id: newId("prt"), sessionId: newId("ses"), messageId: newId("msg") };
    const text = { value: "@a.txt:2-3", start: 4, end: 14 };
    const source = { type: "file" as const, path: "a.txt", text };
    const url = "file:///p/a.txt?start=2&end=3";
    const parts: Part[] = [
      { ...identity, type: "file", mime: "text/plain", url, filename: "a.txt", source },
      { ...identity, type: "file", mime: "application/octet-stream", url: "file:///p/a.txt", source },
      { ...identity, type: "agent", name: "general", source: { value: "@general", start: 0, end: 8 } },
      { ...identity, type: "agent", name: "explore" },
    ];
    expect(await promptParts({ parts }, async () => undefined)).toEqual([
      { type: "file", mime: "text/plain", url, filename: "a.txt", source },
      { type: "text", text: "The file a.txt is no text.", synthetic: true },
      { type: "agent", name: "general", source: { value: "@general", start: 0, end: 8 } },
      { type: "agent", name: "explore" },
    ]);
  });
});
