/**
 * How an agent reads and writes files through its client (A-2, A-20, A-25, I-6).
 *
 *   fs/read_text_file  ─► inside the session's directory ─► lines
 *   fs/write_text_file ─► a prompt runs? ─► inside? ─► allowed? ─► evidence ─► whole file
 *                                                       │ by the agent's own request about this path, else by one of ours
 *
 * Invariants: nothing is written outside of a running prompt, after its cancel, in mode `readOnly`, or without somebody's yes; each write is told
 * to the turn before it happens; a prompt is not over while one of its writes goes on; every refusal is a JSON-RPC error with our code.
 */
import { RequestError } from "@agentclientprotocol/sdk";
import { errorText, HoldfastError, isHoldfastError, type Logger, storageRefusal } from "@holdfast/kernel";
import type { ApprovalMode } from "@holdfast/protocol";
import { autoAllow } from "../catalog/index.ts";
import type { PermissionAsk } from "../port.ts";
import { type FileScope, locate, readLines, shownPath, writeWhole } from "./contained-file.ts";
import { askDuring, type RunningPrompt } from "./running-prompt.ts";
import { permissionAskOf, type ToolMemory } from "./tool-memory.ts";
import { isObject } from "./wire-message.ts";

/** Characters of a new content that a permission request shows; the rest is counted. */
const MAX_SHOWN = 256 * 1024;

/** Calls that were allowed and still run, and paths of one, that are looked at for one write. */
const MAX_CALLS = 64;
const MAX_PATHS = 64;

/** Kinds of calls whose permission says nothing about writing. */
const READING = new Set(["read", "search", "think", "fetch"]);

/** What writing is, to modes and rules. */
const KIND = "edit";

/** What is needed to know of the session, asked anew at each request. */
export type FileAccessFacts = {
  agent: string;
  place: FileScope;
  tools: ToolMemory;
  logger: Logger;
  sessionId(): string | undefined;
  approvalMode(): ApprovalMode;
  running(): RunningPrompt | undefined;
};

export class FileAccess {
  readonly #facts: FileAccessFacts;
  readonly #writing = new Set<Promise<unknown>>();

  constructor(facts: FileAccessFacts) {
    this.#facts = facts;
  }

  /** Answers `fs/read_text_file`; rejects with a `RequestError`. */
  read(params: unknown): Promise<{ content: string }> {
    return this.#answer(params, async (path, fields) => {
      const line = count(fields["line"], "line") ?? 1;
      const limit = count(fields["limit"], "limit");
      const target = await locate(this.#facts.place, path, "read");
      return {
        content: await readLines(target, {
          line: Math.max(1, line),
          ...(limit === undefined ? {} : { limit }),
        }),
      };
    });
  }

  /** Answers `fs/write_text_file`; rejects with a `RequestError`. */
  write(params: unknown): Promise<Record<string, never>> {
    return this.#answer(params, async (path, fields) => {
      const { content } = fields;
      if (typeof content !== "string") throw RequestError.invalidParams({ content: typeof content });
      await this.#write(path, content);
      return {};
    });
  }

  /** Resolves when no write goes on. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  async #write(named: string, content: string): Promise<void> {
    const { place, agent } = this.#facts;
    const running = this.#facts.running();
    if (running === undefined || running.over.signal.aborted) {
      throw new HoldfastError("CONFLICT", "Files are written while a prompt runs, and none does.");
    }
    const byMode = autoAllow(this.#facts.approvalMode(), KIND);
    if (byMode === "reject") throw new HoldfastError("FORBIDDEN", "The session is read-only.");
    const target = await locate(place, named, "write");
    if (byMode !== "once" && !(await this.#isAllowed(running.allowed, target))) {
      const answer = await askDuring(running, await this.#askOf(target, content));
      if (answer !== "once") throw new HoldfastError("FORBIDDEN", `Writing ${named} was not allowed.`);
    }
    // Somebody may have taken long: no link made meanwhile leads elsewhere, and a stop holds.
    if ((await locate(place, named, "write")) !== target) {
      throw new HoldfastError("PATH_ESCAPES", `${named} leads elsewhere than when it was asked about.`);
    }
    if (running.over.signal.aborted) throw new HoldfastError("CONFLICT", `${agent} was stopped.`);
    running.sink.emit({ type: "file", path: target });
    await this.#keep(writeWhole(target, content));
  }

  async #keep(writing: Promise<void>): Promise<void> {
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  /** Whether a call of this prompt that still runs was allowed by name of this path. */
  async #isAllowed(allowed: ReadonlySet<string>, target: string): Promise<boolean> {
    for (const callId of [...allowed].slice(-MAX_CALLS)) {
      const call = this.#facts.tools.find(callId);
      if (call === undefined || READING.has(call.kind ?? "other")) continue;
      if (call.status === "completed" || call.status === "error") continue;
      if (await this.#names(permissionAskOf(call).patterns, target)) return true;
    }
    return false;
  }

  async #names(paths: readonly string[], target: string): Promise<boolean> {
    for (const path of paths.slice(0, MAX_PATHS)) {
      const real = await locate(this.#facts.place, path, "write").catch(() => undefined);
      if (real === target) return true;
    }
    return false;
  }

  async #askOf(target: string, content: string): Promise<PermissionAsk> {
    const shown = content.slice(0, MAX_SHOWN);
    return {
      tool: "write_text_file",
      title: `Write ${await shownPath(this.#facts.place, target)}`,
      kind: KIND,
      args: {
        path: target,
        content: shown,
        ...(shown.length < content.length ? { moreCharacters: content.length - shown.length } : {}),
      },
      patterns: [target],
    };
  }

  async #answer<T>(
    params: unknown,
    act: (path: string, fields: Record<string, unknown>) => Promise<T>,
  ): Promise<T> {
    const fields = isObject(params) ? params : {};
    const { sessionId, path } = fields;
    if (typeof path !== "string" || path === "") throw RequestError.invalidParams({ path: typeof path });
    if (sessionId !== this.#facts.sessionId()) throw RequestError.sessionNotFound(String(sessionId));
    try {
      return await act(path, fields);
    } catch (error) {
      throw this.#refusal(error, path);
    }
  }

  /** What the agent hears; a fault of ours leaks nothing. */
  #refusal(thrown: unknown, path: string): RequestError {
    if (thrown instanceof RequestError) return thrown;
    const error = storageRefusal(thrown) ?? thrown;
    if (isHoldfastError(error, "NOT_FOUND")) return RequestError.resourceNotFound(path);
    if (isHoldfastError(error)) return new RequestError(-32_602, error.message, { code: error.code });
    const { agent, logger } = this.#facts;
    logger.warn({ agent, error: errorText(error) }, "a file that an agent asked for could not be used");
    return RequestError.internalError({ path }, "the file could not be used");
  }
}

function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw RequestError.invalidParams({ [name]: typeof value });
}
