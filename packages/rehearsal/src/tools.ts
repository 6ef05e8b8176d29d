import { constants } from "node:fs";
import { open, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setImmediate as nextLoop, setTimeout as delay } from "node:timers/promises";
import type { ContentBlock, ToolKind } from "@agentclientprotocol/sdk";
import { containedPath } from "./contained-path.ts";
import type { Directive } from "./directives.ts";
import { runShellCommand, type ShellResult } from "./shell-command.ts";
import { textContent, type OpenTool, type Turn } from "./turn.ts";

/** Most bytes of a file that READ shows. */
export const MAX_READ_BYTES = 256 * 1024;

/** Shortest time between two updates with growing output of one BASH. */
const OUTPUT_INTERVAL_MS = 50;

/** Updates between two looks at stdin, so that a cancel is heard. */
const UPDATES_PER_LOOP = 32;

/** Where a tool works, and whether it must ask there. */
export type Workplace = {
  readonly cwd: string;
  /** True when this kind of tool needs no permission: mode `auto`, or `allow_always` was answered before. */
  readonly isAllowed: (kind: ToolKind) => boolean;
  readonly allowAlways: (kind: ToolKind) => void;
};

type Of<K extends Directive["kind"]> = Extract<Directive, { kind: K }>;

/** READ: shows a file, at most `MAX_READ_BYTES` of it. Through the client where that reads for us; it keeps inside of cwd. */
export async function readTool(turn: Turn, place: Workplace, { path }: Of<"read">): Promise<void> {
  const target = resolve(place.cwd, path);
  const tool = await turn.openTool({
    name: "read",
    title: `Read ${path}`,
    kind: "read",
    locations: [{ path: target }],
    rawInput: { path },
  });
  await tool.progress();
  try {
    const { size } = await regularFile(target);
    const isClients = turn.client.read && (await containedPath(place.cwd, path)) !== undefined;
    const text = isClients ? startOf(await turn.readFile(target)) : await readStart(target);
    const note = size > MAX_READ_BYTES ? `\n[${size - MAX_READ_BYTES} more bytes]` : "";
    await tool.complete({ content: [textContent(text + note)] });
  } catch (error) {
    await tool.fail({ content: [textContent(`cannot read ${path}: ${reasonOf(error)}`)] });
  }
}

/** WRITE: writes exactly `text` to a file inside cwd, after the user allowed it; through the client where that writes for us. */
export async function writeTool(turn: Turn, place: Workplace, { path, text }: Of<"write">): Promise<void> {
  const target = await containedPath(place.cwd, path);
  const shown = target ?? resolve(place.cwd, path);
  const oldText = target === undefined ? null : await diffBase(target);
  const tool = await turn.openTool({
    name: "write",
    title: `Write ${path}`,
    kind: "edit",
    locations: [{ path: shown }],
    content: [{ type: "diff", path: shown, oldText, newText: text }],
    rawInput: { path, text },
  });
  if (target === undefined) {
    await tool.fail({ content: [textContent(`refused: ${path} is outside of the working directory`)] });
    return;
  }
  if (!(await allowed(turn, place, tool, "edit"))) return;
  await tool.progress();
  try {
    // The user may have taken long: look again, so that no link made meanwhile leads the write out of cwd.
    if ((await containedPath(place.cwd, path)) !== target)
      throw new Error("the path changed while it was asked about");
    if (turn.client.write) await turn.writeFile(target, text);
    else await writeOwn(target, text);
    await tool.complete({ content: [{ type: "diff", path: target, oldText, newText: text }] });
  } catch (error) {
    await tool.fail({ content: [textContent(`cannot write ${path}: ${reasonOf(error)}`)] });
  }
}

/** BASH: runs a command after the user allowed it; its output is sent as it grows. */
export async function bashTool(turn: Turn, place: Workplace, { command }: Of<"bash">): Promise<void> {
  const tool = await turn.openTool({
    name: "bash",
    title: command,
    kind: "execute",
    rawInput: { command, cwd: place.cwd },
  });
  if (!(await allowed(turn, place, tool, "execute"))) return;
  await tool.progress();
  const stream = new GrowingOutput(tool);
  let result: ShellResult;
  try {
    result = await runShellCommand(command, {
      cwd: place.cwd,
      signal: turn.signal,
      onOutput: (output) => stream.grow(output),
    });
  } catch (error) {
    await stream.settle();
    await tool.fail({ content: [textContent(`cannot run the command: ${reasonOf(error)}`)] });
    return;
  }
  await stream.settle();
  const ended = {
    content: [textContent(result.output)],
    rawOutput: { exitCode: result.exitCode, signal: result.signal, output: result.output },
  };
  if (result.exitCode === 0 && !turn.signal.aborted) await tool.complete(ended);
  else await tool.fail(ended);
}

/** OUTPUT: a tool call with exactly that many bytes of output. */
export async function outputTool(turn: Turn, { bytes }: Of<"output">): Promise<void> {
  const tool = await turn.openTool({
    name: "output",
    title: `Output ${bytes} bytes`,
    kind: "other",
    rawInput: { bytes },
  });
  await tool.progress();
  await tool.complete({ content: [textContent(filler(bytes))] });
}

/** ATTACH: a tool call whose result is not text: the bytes of `text` as a picture, sound or file, or a link to it. */
export async function attachTool(turn: Turn, { form, text }: Of<"attach">): Promise<void> {
  const tool = await turn.openTool({
    name: "attach",
    title: `Attach ${form}`,
    kind: "other",
    rawInput: { form, text },
  });
  await tool.progress();
  await tool.complete({ content: [{ type: "content", content: attachment(form, text) }] });
}

function attachment(form: Of<"attach">["form"], text: string): ContentBlock {
  const data = Buffer.from(text).toString("base64");
  switch (form) {
    case "image":
      return { type: "image", mimeType: "image/png", data };
    case "audio":
      return { type: "audio", mimeType: "audio/wav", data };
    case "file":
      return { type: "resource", resource: { uri: "attached:///attached.bin", blob: data } };
    case "link":
      return { type: "resource_link", name: "a link", uri: text };
  }
}

/**
 * UPDATES: a tool call that reports so many times, as fast as it is read. Each update replaces the output by exactly that many bytes that begin with
 * its number (`u1`, `u2` ...); the last is the result.
 */
export async function updatesTool(turn: Turn, { count, bytes }: Of<"updates">): Promise<void> {
  const tool = await turn.openTool({
    name: "updates",
    title: `${count} updates`,
    kind: "other",
    rawInput: { count, bytes },
  });
  for (let index = 1; index < count; index += 1) {
    turn.signal.throwIfAborted();
    await tool.progress({ content: [textContent(numbered(index, bytes))] });
    if (index % UPDATES_PER_LOOP === 0) await nextLoop();
  }
  await tool.complete({ content: [textContent(numbered(count, bytes))] });
}

/** ASK: a permission request of its own; answers whether it was allowed. It asks in every mode. */
export async function askTool(turn: Turn, { text }: Of<"ask">): Promise<boolean> {
  const tool = await turn.openTool({ name: "ask", title: text, kind: "other", rawInput: { question: text } });
  const isAllowed = (await turn.requestPermission(tool)) !== "reject_once";
  if (isAllowed) await tool.complete({ content: [textContent("allowed")] });
  else await tool.fail({ content: [textContent("permission was not given")] });
  return isAllowed;
}

/** Whether this tool may go on, as the mode says or the user answers; a no ends the call. */
export async function allowed(
  turn: Turn,
  place: Workplace,
  tool: OpenTool,
  kind: ToolKind,
): Promise<boolean> {
  if (place.isAllowed(kind)) return true;
  const verdict = await turn.requestPermission(tool);
  if (verdict === "allow_always") place.allowAlways(kind);
  if (verdict === "reject_once") await tool.fail({ content: [textContent("permission was not given")] });
  return verdict !== "reject_once";
}

/** Sends the newest output at most every `OUTPUT_INTERVAL_MS`, one update at a time, and never after `settle`. */
class GrowingOutput {
  readonly #tool: OpenTool;
  readonly #ended = new AbortController();
  #newest = "";
  #sent = "";
  #sending: Promise<void> | undefined;

  constructor(tool: OpenTool) {
    this.#tool = tool;
  }

  /** Takes the whole output so far. */
  grow(output: string): void {
    this.#newest = output;
    this.#sending ??= this.#send();
  }

  /** Stops sending and waits for the update under way. */
  async settle(): Promise<void> {
    this.#ended.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#ended;
    try {
      while (this.#newest !== this.#sent && !signal.aborted) {
        this.#sent = this.#newest;
        await this.#tool.progress({ content: [textContent(this.#sent)] });
        await delay(OUTPUT_INTERVAL_MS, undefined, { signal });
      }
    } catch {
      // The command ended, or the connection is gone, which the turn's next update reports.
    } finally {
      this.#sending = undefined;
    }
  }
}

async function regularFile(path: string): Promise<{ size: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error("it is not a regular file");
  return found;
}

/** The old text of a diff; null when there is no file, or one that is no text of a size to show. */
async function diffBase(path: string): Promise<string | null> {
  try {
    const { size } = await regularFile(path);
    return size <= MAX_READ_BYTES ? await readFile(path, "utf8") : null;
  } catch {
    return null;
  }
}

async function readStart(path: string): Promise<string> {
  const { size } = await regularFile(path);
  if (size <= MAX_READ_BYTES) return await readFile(path, "utf8");
  const file = await open(path, "r");
  try {
    const start = Buffer.alloc(MAX_READ_BYTES);
    const { bytesRead } = await file.read(start, 0, MAX_READ_BYTES, 0);
    return start.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first `MAX_READ_BYTES` of a text. */
function startOf(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= MAX_READ_BYTES ? text : bytes.toString("utf8", 0, MAX_READ_BYTES);
}

async function writeOwn(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Non-blocking, so that a named pipe without a reader is an error and not a wait without end.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags, 0o666);
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is not a regular file");
    await file.truncate(0);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

function numbered(index: number, bytes: number): string {
  return `u${index} ${filler(bytes)}`.slice(0, bytes);
}

const FILLER_LINE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.\n";

function filler(bytes: number): string {
  return FILLER_LINE.repeat(Math.ceil(bytes / FILLER_LINE.length)).slice(0, bytes);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
