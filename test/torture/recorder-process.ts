/**
 * The checker's hands, a process of its own: it holds the connections to the server and appends every byte it receives to a file before it tells
 * anybody. It outlives the server, so what lay in its sockets when the server died is read, kept and counts (durability 11).
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { parseFrame, type RecordLine } from "./record-log.ts";
import type { FromRecorder, ToRecorder } from "./recorder.ts";

/** How long a drain waits for connections of a dead server before it cuts them, in ms. */
const DRAIN_MS = 3_000;

const agent = new Agent({ keepAlive: false });
const open = new Map<string, () => void>();
let file: number | undefined;
let target = { url: "", token: "" };
let count = 0;

type LineBody = RecordLine extends infer Line
  ? Line extends RecordLine
    ? Omit<Line, "n" | "at" | "id">
    : never
  : never;

function append(id: string, line: LineBody): void {
  if (file === undefined) return;
  count += 1;
  writeSync(file, `${JSON.stringify({ n: count, at: Date.now(), id, ...line })}\n`);
}

function tell(message: FromRecorder): void {
  process.send?.(message);
}

function send(call: Extract<ToRecorder, { type: "request" }>): void {
  const { id, line } = call;
  append(id, { kind: "request", ...line });
  const headers: Record<string, string> = { authorization: `Bearer ${target.token}` };
  if (line.key !== undefined) headers["idempotency-key"] = line.key;
  if (line.lastEventId !== undefined) headers["last-event-id"] = line.lastEventId;
  if (line.body !== undefined) headers["content-type"] = "application/json";
  if (line.label !== undefined) headers["accept"] = "text/event-stream";
  let isEnded = false;
  const end = (complete: boolean, error?: string, body?: string, response?: IncomingMessage) => {
    if (isEnded) return;
    isEnded = true;
    open.delete(id);
    append(id, { kind: "end", complete, error });
    tell({ type: "ended", id, complete, status: response?.statusCode, body: complete ? body : undefined });
  };
  const outgoing = request(new URL(line.path, target.url), { method: line.method, headers, agent });
  open.set(id, () => outgoing.destroy());
  outgoing.on("error", (error) => end(false, error.message));
  outgoing.on("response", (response) => receive(id, response, end));
  outgoing.end(line.body);
}

function receive(
  id: string,
  response: IncomingMessage,
  end: (complete: boolean, error?: string, body?: string, response?: IncomingMessage) => void,
): void {
  const stream = response.headers["content-type"]?.startsWith("text/event-stream") === true;
  const replayed = response.headers["idempotency-replayed"] === "true";
  append(id, { kind: "head", status: response.statusCode ?? 0, replayed, stream });
  const decoder = new TextDecoder();
  let text = "";
  response.on("data", (chunk: Buffer) => {
    append(id, { kind: "data", base64: chunk.toString("base64") });
    text += decoder.decode(chunk, { stream: true });
    if (!stream) return;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) tell({ type: "frame", ...parseFrame(block), id });
  });
  response.on("end", () => end(response.complete, undefined, text, response));
  response.on("error", (error) => end(false, error.message));
  response.on("close", () => end(false, "closed"));
}

async function drain(): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  while (open.size > 0 && performance.now() < deadline) await new Promise((resume) => setTimeout(resume, 5));
  for (const cut of open.values()) cut();
  while (open.size > 0) await new Promise((resume) => setTimeout(resume, 5));
  if (file !== undefined) {
    fsyncSync(file);
    closeSync(file);
    file = undefined;
  }
  tell({ type: "drained" });
}

process.on("message", (message: ToRecorder) => {
  switch (message.type) {
    case "begin":
      file = openSync(message.file, "a", 0o600);
      count = 0;
      break;
    case "target":
      target = message;
      break;
    case "request":
      send(message);
      break;
    case "cut":
      open.get(message.id)?.();
      break;
    case "drain":
      void drain();
      break;
    default:
      message satisfies never;
  }
});
// The orchestrator is gone: nobody reads what is recorded.
process.on("disconnect", () => process.exit(0));
