/**
 * The agent whose sessions the gallery records when the rehearsal agent has nothing of the kind: `PLAY <stream>` says again what a real agent said in a
 * recorded stream, `KINDS` makes one call of every kind of the Agent Client Protocol, `OPEN` leaves calls pending and running.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

type Json = Record<string, unknown>;
type Message = { id?: number | string; method?: string; params?: Json; result?: unknown; error?: unknown };
type Recorded = { from: "client" | "agent"; message: Message };

const GOLDEN = join(import.meta.dirname, "../../packages/server/test/golden/acp");
const SESSION = "gallery";

const answers = new Map<number | string, () => void>();
const send = (message: Json): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const update = (one: Json): void =>
  send({ method: "session/update", params: { sessionId: SESSION, update: one } });

/** What the agent of a recorded stream said from its first prompt on, to that prompt's answer. Asks wait for their answer. */
async function play(name: string): Promise<Json> {
  const lines = readFileSync(join(GOLDEN, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n");
  const stream = lines.map((line) => JSON.parse(line) as Recorded);
  const from = stream.findIndex(({ message }) => message.method === "session/prompt");
  const prompt = stream[from]?.message.id;
  for (const { from: side, message } of stream.slice(from + 1)) {
    if (side !== "agent") continue;
    const { id, method, params, result, error } = message;
    if (method === undefined && id === prompt) return error === undefined ? { result } : { error };
    if (method === "session/update") send({ method, params: { ...params, sessionId: SESSION } });
    if (method === "session/request_permission" && id !== undefined) {
      const answered = new Promise<void>((resolve) => answers.set(`play-${id}`, resolve));
      send({ id: `play-${id}`, method, params: { ...params, sessionId: SESSION } });
      await answered;
    }
  }
  return { result: { stopReason: "end_turn" } };
}

const text = (value: string): Json => ({ type: "content", content: { type: "text", text: value } });

type Call = { kind: string; title: string; rawInput: Json; content: Json[]; status?: "failed" };

const CALLS: readonly Call[] = [
  {
    kind: "read",
    title: "src/parser.ts",
    rawInput: { path: "src/parser.ts" },
    content: [text("export const parse = 1;\n")],
  },
  {
    kind: "search",
    title: "Search for parse(",
    rawInput: { pattern: "parse\\(" },
    content: [text("src/parser.ts:4\nsrc/main.ts:12\n")],
  },
  {
    kind: "edit",
    title: "Edit src/parser.ts",
    rawInput: { path: "src/parser.ts" },
    content: [
      {
        type: "diff",
        path: "src/parser.ts",
        oldText: 'export function parse(text: string) {\n  return text.split(",");\n}\n',
        newText:
          'export function parse(text: string): string[] {\n  return text === "" ? [] : text.split(",");\n}\n',
      },
    ],
  },
  { kind: "delete", title: "Delete src/old.ts", rawInput: { path: "src/old.ts" }, content: [] },
  { kind: "move", title: "Move a.ts to b.ts", rawInput: { from: "a.ts", to: "b.ts" }, content: [] },
  {
    kind: "execute",
    title: "npm test",
    rawInput: { command: "npm test" },
    content: [text("\u001b[32m✓\u001b[0m splits\n\u001b[32m✓\u001b[0m keeps blanks\n\n2 passed\n")],
  },
  {
    kind: "execute",
    title: "npm run lint",
    rawInput: { command: "npm run lint" },
    content: [text("src/parser.ts:2:3  \u001b[31merror\u001b[0m  Unexpected any\n")],
    status: "failed",
  },
  {
    kind: "think",
    title: "Plan the next step",
    rawInput: { thought: "The parser first, then its tests." },
    content: [],
  },
  {
    kind: "fetch",
    title: "https://example.org/spec",
    rawInput: { url: "https://example.org/spec" },
    content: [text("# Specification\n")],
  },
  { kind: "switch_mode", title: "Switch to edit mode", rawInput: { mode: "edit" }, content: [] },
  {
    kind: "other",
    title: "A tool of its own",
    rawInput: { answer: 42, nested: { list: [1, 2, 3] } },
    content: [text("done\n")],
  },
];

function makeCalls(): Json {
  for (const [index, { content, status = "completed", ...call }] of CALLS.entries()) {
    const toolCallId = `kind-${index}`;
    update({ sessionUpdate: "tool_call", toolCallId, status: "pending", ...call });
    update({ sessionUpdate: "tool_call_update", toolCallId, status: "in_progress" });
    update({ sessionUpdate: "tool_call_update", toolCallId, status, content });
  }
  update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: "That was one of each." } });
  return { result: { stopReason: "end_turn" } };
}

/** Never answers: what it began stays open until it is stopped. */
function leaveOpen(): Promise<never> {
  update({
    sessionUpdate: "tool_call",
    toolCallId: "open-1",
    status: "in_progress",
    kind: "execute",
    title: "npm run build",
    rawInput: { command: "npm run build" },
    content: [text("building packages/protocol\nbuilding packages/client\n")],
  });
  update({
    sessionUpdate: "tool_call",
    toolCallId: "open-2",
    status: "in_progress",
    kind: "fetch",
    title: "https://example.org/changelog",
    rawInput: { url: "https://example.org/changelog" },
  });
  update({
    sessionUpdate: "tool_call",
    toolCallId: "open-3",
    status: "pending",
    kind: "edit",
    title: "Edit README.md",
    rawInput: {},
  });
  return new Promise<never>(() => undefined);
}

async function answer(id: number | string, params: Json): Promise<void> {
  const words = JSON.stringify(params["prompt"] ?? "");
  const stream = /PLAY ([a-z-]+)/.exec(words)?.[1];
  const outcome =
    stream !== undefined ? await play(stream) : words.includes("OPEN") ? await leaveOpen() : makeCalls();
  send({ id, ...outcome });
}

function hear({ id, method, params = {} }: Message): void {
  if (id === undefined) return;
  if (method === undefined) return answers.get(id)?.();
  if (method === "initialize")
    return send({ id, result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } });
  if (method === "session/new") return send({ id, result: { sessionId: SESSION } });
  if (method === "session/prompt") return void answer(id, params);
  send({ id, error: { code: -32_601, message: "no such method" } });
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => hear(JSON.parse(line) as Message));
lines.on("close", () => process.exit(0));
