/**
 * The rehearsal agent's own memory: one append-only file of JSON lines per session.
 *
 * Invariants: a record is on the disk (file fsynced, directory fsynced when the file is new) before `append` or `create`
 * returns; a line that a crash cut short is dropped when the file is read and cut off before the next append; nothing
 * here reads Holdfast's store. One process writes a session at a time (its host sees to that); inside it, writes run one
 * after another.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SessionUpdate } from "@agentclientprotocol/sdk";

/** The two modes: in `ask` WRITE and BASH ask for permission, in `auto` they do not. */
export type Mode = "ask" | "auto";

/** One line of a session's file. `at` and `createdAt` are milliseconds since the epoch; `used` is in tokens. */
export type MemoryRecord =
  | { readonly kind: "session"; readonly sessionId: string; readonly cwd: string; readonly createdAt: number }
  | { readonly kind: "mode"; readonly mode: Mode }
  | { readonly kind: "remember"; readonly word: string }
  | {
      readonly kind: "turn";
      readonly at: number;
      readonly title: string | null;
      readonly used: number;
      readonly updates: readonly SessionUpdate[];
    };

/** What a session's file amounts to. */
export type SessionMemory = {
  readonly sessionId: string;
  readonly cwd: string;
  readonly mode: Mode;
  readonly title: string | null;
  readonly remembered: string | null;
  readonly used: number;
  readonly updates: readonly SessionUpdate[];
};

/** One entry of `session/list`; `updatedAt` is in milliseconds. */
export type SessionEntry = {
  readonly sessionId: string;
  readonly cwd: string;
  readonly title: string | null;
  readonly updatedAt: number;
};

const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SUFFIX = ".jsonl";
const NEWLINE = 0x0a;

/** The files of all sessions under one home directory. */
export class MemoryStore {
  readonly #directory: string;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(home: string) {
    this.#directory = join(home, "sessions");
  }

  /** Creates the file of a new session, durable on return; an id that exists already is an error. */
  create(record: Extract<MemoryRecord, { kind: "session" }>): Promise<void> {
    return this.#inOrder(async () => {
      await makeDirectory(this.#directory);
      await writeDurably(await open(this.#file(record.sessionId), "ax", 0o600), record);
      await syncDirectory(this.#directory);
    });
  }

  /** Appends one record to an existing session, durable on return. */
  append(sessionId: string, record: MemoryRecord): Promise<void> {
    return this.#inOrder(async () => {
      await writeDurably(await open(this.#file(sessionId), constants.O_RDWR | constants.O_APPEND), record);
    });
  }

  /** Reads a session; `undefined` when there is none of that id. */
  async read(sessionId: string): Promise<SessionMemory | undefined> {
    if (!SESSION_ID.test(sessionId)) return undefined;
    try {
      return foldRecords(parseRecords(await readFile(this.#file(sessionId), "utf8")));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Lists all sessions, the one changed last first. */
  async list(): Promise<SessionEntry[]> {
    const entries: SessionEntry[] = [];
    for (const name of await this.#names()) {
      const sessionId = name.slice(0, -SUFFIX.length);
      const memory = await this.read(sessionId);
      if (!memory) continue;
      const { mtimeMs } = await stat(this.#file(sessionId));
      entries.push({ sessionId, cwd: memory.cwd, title: memory.title, updatedAt: mtimeMs });
    }
    return entries.toSorted((a, b) => b.updatedAt - a.updatedAt || (a.sessionId < b.sessionId ? -1 : 1));
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#directory)).filter((name) => name.endsWith(SUFFIX));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #inOrder(write: () => Promise<void>): Promise<void> {
    const written = this.#lastWrite.then(write);
    this.#lastWrite = written.catch(() => {});
    return written;
  }

  #file(sessionId: string): string {
    if (!SESSION_ID.test(sessionId))
      throw new Error("a rehearsal session id has letters, digits, _ and - only");
    return join(this.#directory, sessionId + SUFFIX);
  }
}

function parseRecords(text: string): MemoryRecord[] {
  const lines = text.split("\n");
  // What follows the last newline is empty, or a record that a crash cut short.
  lines.pop();
  return lines.map((line) => JSON.parse(line) as MemoryRecord);
}

function foldRecords(records: readonly MemoryRecord[]): SessionMemory | undefined {
  const [first, ...rest] = records;
  if (first?.kind !== "session") return undefined;
  let mode: Mode = "ask";
  let title: string | null = null;
  let remembered: string | null = null;
  let used = 0;
  const updates: SessionUpdate[] = [];
  for (const record of rest) {
    if (record.kind === "mode") mode = record.mode;
    if (record.kind === "remember") remembered = record.word;
    if (record.kind !== "turn") continue;
    title = record.title ?? title;
    used = record.used;
    updates.push(...record.updates);
  }
  return { sessionId: first.sessionId, cwd: first.cwd, mode, title, remembered, used, updates };
}

/** Appends one line, fsyncs it, and closes the file in any case. */
async function writeDurably(file: FileHandle, record: MemoryRecord): Promise<void> {
  try {
    await dropTornTail(file);
    await file.appendFile(`${JSON.stringify(record)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Cuts off what follows the last newline, so that a record never continues a torn one. */
async function dropTornTail(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return;
  const whole = Buffer.alloc(size);
  await file.read(whole, 0, size, 0);
  await file.truncate(whole.lastIndexOf(NEWLINE) + 1);
}

/** Makes a directory with its missing parents; the entries of the new ones are durable on return. */
async function makeDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  for (let made = directory; made.length >= firstMade.length; made = dirname(made))
    await syncDirectory(dirname(made));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
