/**
 * An agent that means no good. It speaks just enough ACP, without a library that would keep it decent, and does what the prompt's line `HOSTILE <deed>` names;
 * then it ends the turn politely, so that what remains is the deed. `FUZZ <seed>` sends seeded nonsense instead.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Random } from "../torture/random.ts";
import { mutate } from "./mutate.ts";

type Json = Record<string, unknown>;
type Call = { id?: number | string; method?: string; params?: Json; result?: unknown };

const raw = (text: string | Buffer): Promise<void> =>
  new Promise((resolve) => (process.stdout.write(text) ? resolve() : process.stdout.once("drain", resolve)));
const send = (message: Json): Promise<void> => raw(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

let requests = 0;
const ask = async (method: string, params: Json): Promise<string> => {
  requests += 1;
  const id = `hostile-${requests}`;
  await send({ id, method, params });
  return id;
};

const answers = new Map<string, () => void>();
/** Resolves when the request was answered, whatever the answer. */
const answerTo = async (asked: Promise<string>): Promise<void> => {
  const id = await asked;
  await new Promise<void>((resolve) => answers.set(id, resolve));
};

const MIB = 1024 * 1024;
const FLOOD = 50_000;

type Stage = {
  sessionId: string;
  update: (update: Json) => Promise<void>;
  say: (text: string) => Promise<void>;
};

const text = (value: string): Json => ({ type: "text", text: value });
const chunk = (value: string): Json => ({ sessionUpdate: "agent_message_chunk", content: text(value) });
const call = (toolCallId: unknown, more: Json = {}): Json => ({
  sessionUpdate: "tool_call",
  toolCallId,
  title: "a call",
  kind: "other",
  status: "pending",
  ...more,
});
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let left = depth; left > 0; left -= 1) value = { a: value };
  return value;
};
const option = (optionId: string, kind = "allow_once"): Json => ({ optionId, name: optionId, kind });

const DEEDS: Record<string, (on: Stage) => Promise<void>> = {
  "long-line": ({ sessionId }) =>
    raw(
      `${JSON.stringify({ jsonrpc: "2.0", method: "session/update", params: { sessionId, update: chunk("x".repeat(33 * MIB)) } })}\n`,
    ),
  "endless-line": async () => {
    for (let sent = 0; sent < 64; sent += 1) await raw("y".repeat(MIB));
    await raw("\n");
  },
  noise: async () => {
    for (let line = 0; line < 5_000; line += 1) await raw(`warning ${line}: not a message {"half": \n`);
  },
  binary: async () => {
    for (let block = 0; block < 64; block += 1)
      await raw(Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 7 + block) % 256)));
    await raw("\n");
  },
  "stderr-flood": async () => {
    for (let block = 0; block < 256; block += 1)
      await new Promise<void>((resolve) => process.stderr.write("e".repeat(256 * 1024), () => resolve()));
  },
  flood: async ({ say }) => {
    for (let at = 0; at < FLOOD; at += 1) await say(`${at} `);
  },
  "tool-flood": async ({ update }) => {
    await update(call("flood"));
    for (let at = 0; at < 10_000; at += 1)
      await update({
        sessionUpdate: "tool_call_update",
        toolCallId: "flood",
        status: "in_progress",
        content: [{ type: "content", content: text(`step ${at}`) }],
      });
    await update({ sessionUpdate: "tool_call_update", toolCallId: "flood", status: "completed" });
  },
  "unknown-answers": async () => {
    for (let at = 0; at < 1_000; at += 1) await send({ id: 1_000_000 + at, result: {} });
  },
  "odd-answers": async () => {
    for (const id of [null, -1, 1.5, "", "0", {}, [], true])
      await send({ id, result: { stopReason: "end_turn" } });
  },
  "files-and-terminals": async ({ sessionId }) => {
    await ask("fs/read_text_file", { sessionId, path: "/etc/passwd" });
    await ask("fs/write_text_file", { sessionId, path: "/tmp/../etc/hostile", content: "no" });
    await ask("terminal/create", { sessionId, command: "sh", args: ["-c", "id"] });
    await ask("no/such/method", {});
  },
  "odd-permissions": async ({ sessionId }) => {
    const toolCall = { toolCallId: "p", title: "may I" };
    await ask("session/request_permission", { sessionId, toolCall, options: [] });
    await ask("session/request_permission", {
      sessionId,
      toolCall,
      options: [option("a"), option("a"), option("a", "no_such_kind")],
    });
    await ask("session/request_permission", { sessionId: "somebody-else", toolCall, options: [option("a")] });
    await ask("session/request_permission", { sessionId });
  },
  "odd-questions": async ({ sessionId }) => {
    const form = (properties: unknown) => ({ mode: "form", message: "?", requestedSchema: { properties } });
    const page = (url: unknown) => ({ mode: "url", message: "?", url, elicitationId: "e" });
    for (const params of [
      {},
      { mode: "form", message: 7, requestedSchema: null },
      { mode: "no such mode", message: "?" },
      form({ a: null }),
      form({ a: { type: "object" }, __proto__: { type: "string" } }),
      form({ a: { type: "string", enum: Array(1_000).fill("x") } }),
      form(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [index, { type: "boolean" }]))),
      page("javascript:alert(1)"),
      page(`https://example.invalid/${"x".repeat(100_000)}`),
      { ...form({}), sessionId: "somebody-else" },
    ])
      await ask("elicitation/create", { sessionId, ...params });
    for (const elicitationId of [null, {}, "e"])
      await send({ method: "elicitation/complete", params: { elicitationId } });
  },
  "foreign-session": async () => {
    for (const sessionId of ["somebody-else", "", null, 7, { a: 1 }])
      await send({ method: "session/update", params: { sessionId, update: chunk("not for you") } });
  },
  "odd-updates": async ({ update, sessionId }) => {
    for (const one of [
      null,
      7,
      "x",
      [],
      {},
      { sessionUpdate: null },
      { sessionUpdate: "no_such_update" },
      { sessionUpdate: "agent_message_chunk" },
    ])
      await send({ method: "session/update", params: { sessionId, update: one } });
    await update({
      sessionUpdate: "agent_message_chunk",
      content: { type: "image", data: "!!", mimeType: "a/b" },
    });
    await update({ sessionUpdate: "plan", entries: [{ content: 7 }, null, "x"] });
  },
  "tool-ids": async ({ update }) => {
    for (const id of ["same", "same", "", "x".repeat(70_000), "__proto__", "constructor", null, 7, { a: 1 }])
      await update(call(id));
    await update({ sessionUpdate: "tool_call_update", toolCallId: "never-told", status: "completed" });
    await update(call("back", { status: "completed" }));
    await update({ sessionUpdate: "tool_call_update", toolCallId: "back", status: "pending" });
  },
  prototype: ({ sessionId }) =>
    raw(
      `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":${JSON.stringify(sessionId)},"__proto__":{"polluted":1},"update":{"sessionUpdate":"tool_call","toolCallId":"pp","title":"t","rawInput":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}}}\n`,
    ),
  deep: async ({ update }) => {
    await update(call("deep", { rawInput: nested(5_000) }));
    await raw(`${"[".repeat(200_000)}\n`);
  },
  "control-characters": async ({ update, say }) => {
    await update(call("ansi", { title: "\u001b]0;owned\u0007\u001b[2J\u0000\u202egnp.exe" }));
    await say("\u0000\ud800 lone \udc00 \u001b[31m");
  },
  "escaping-children": () => {
    for (let at = 0; at < 3; at += 1)
      spawn("sh", ["-c", "trap '' TERM HUP INT; sleep 300"], { detached: true, stdio: "ignore" }).unref();
    return Promise.resolve();
  },
  dies: () => process.exit(9),
  "dies-in-a-line": async ({ sessionId }) => {
    await raw(
      `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":${JSON.stringify(sessionId)},"update":{"sessionU`,
    );
    process.exit(9);
  },
  // Every row that an agent has a hand in, larger than an event may be.
  "large-rows": async ({ sessionId, update }) => {
    const words = "w".repeat(1_000);
    const many = (count: number) => Array.from({ length: count }, (_, at) => `${at} ${words}`);
    const options = [option("yes"), option("no", "reject_once")];
    await update({
      sessionUpdate: "plan",
      entries: many(1_000).map((content) => ({ content, priority: "low", status: "pending" })),
    });
    await update({
      sessionUpdate: "available_commands_update",
      availableCommands: many(1_000).map((name) => ({ name, description: words })),
    });
    await update({ sessionUpdate: "current_mode_update", currentModeId: "m".repeat(MIB) });
    await update({ sessionUpdate: "session_info_update", title: "t".repeat(MIB) });
    const rawInput = { command: `echo ${"x".repeat(MIB)}` };
    await update(call("large", { rawInput, locations: many(500).map((path) => ({ path })) }));
    const toolCall = {
      toolCallId: "large",
      title: `t\0\ud800${"t".repeat(300_000)}`,
      kind: "execute",
      rawInput,
    };
    await answerTo(ask("session/request_permission", { sessionId, toolCall, options }));
    await update({
      sessionUpdate: "tool_call_update",
      toolCallId: "large",
      status: "completed",
      content: [{ type: "diff", path: "a", oldText: "o".repeat(300_000), newText: "n".repeat(300_000) }],
    });
  },
  "large-end": () => Promise.resolve(),
  "two-answers": () => Promise.resolve(),
  "late-updates": () => Promise.resolve(),
};

/** Names of all deeds, for the table. */
export const DEED_NAMES = Object.keys(DEEDS);

async function prompt(id: number | string, params: Json): Promise<void> {
  const sessionId = String(params["sessionId"]);
  const update = (one: Json) => send({ method: "session/update", params: { sessionId, update: one } });
  const on: Stage = { sessionId, update, say: (value) => update(chunk(value)) };
  const words = JSON.stringify(params["prompt"] ?? "");
  const deed = /HOSTILE ([a-z-]+)/.exec(words)?.[1];
  const seed = /FUZZ (\w+)/.exec(words)?.[1];
  await on.say("now ");
  if (seed !== undefined) await fuzz(on, seed);
  else if (deed !== undefined) await DEEDS[deed]?.(on);
  const stopReason = deed === "large-end" ? "e".repeat(MIB) : "end_turn";
  const end = () => send({ id, result: { stopReason } });
  await end();
  if (deed === "two-answers") await end();
  if (deed === "late-updates") for (let at = 0; at < 50; at += 1) await on.say(`late ${at}`);
}

/** Valid messages, each spoilt in a few places. */
async function fuzz({ sessionId }: Stage, seed: string): Promise<void> {
  const random = new Random(seed);
  const valid = (): Json => {
    const update = random.pick<Json>([
      chunk("word "),
      { sessionUpdate: "agent_thought_chunk", content: text("hm") },
      call(`c${random.int(1, 3)}`, { rawInput: { command: "ls" }, locations: [{ path: "/a", line: 3 }] }),
      {
        sessionUpdate: "tool_call_update",
        toolCallId: `c${random.int(1, 3)}`,
        status: random.pick(["in_progress", "completed", "failed"]),
        content: [{ type: "diff", path: "a", oldText: "x", newText: "y" }],
      },
      { sessionUpdate: "plan", entries: [{ content: "a", priority: "high", status: "pending" }] },
      { sessionUpdate: "available_commands_update", availableCommands: [{ name: "a", description: "b" }] },
      { sessionUpdate: "current_mode_update", currentModeId: "m" },
      { sessionUpdate: "usage_update", used: 5, size: 10 },
    ]);
    return { jsonrpc: "2.0", method: "session/update", params: { sessionId, update } };
  };
  for (let left = 200; left > 0; left -= 1) {
    const line = JSON.stringify(random.chance(0.3) ? valid() : mutate(valid(), random));
    await raw(`${random.chance(0.05) ? line.slice(0, random.int(0, line.length)) : line}\n`);
  }
}

const HANDLERS: Record<string, (id: number | string, params: Json) => Promise<void>> = {
  initialize: (id) => send({ id, result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } }),
  "session/new": (id) => {
    const availableModes = ["ask", "all"].map((mode) => ({ id: mode, name: mode }));
    const modes = { currentModeId: "ask", availableModes };
    return send({ id, result: { sessionId: `hostile-${process.pid}`, modes } });
  },
  "session/set_mode": (id) => send({ id, result: {} }),
  "session/prompt": prompt,
};

if (process.argv[1] === import.meta.filename) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { id, method, params = {} } = JSON.parse(line) as Call;
    if (method === undefined && id !== undefined) answers.get(String(id))?.();
    if (method === undefined || id === undefined) return;
    const handler = HANDLERS[method];
    void (handler === undefined
      ? send({ id, error: { code: -32_601, message: "no such method" } })
      : handler(id, params));
  });
  lines.on("close", () => process.exit(0));
}
