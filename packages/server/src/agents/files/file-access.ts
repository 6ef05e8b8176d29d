/**
 * How an agent of any backend reads and writes files through Holdfast (A-2, A-20, I-6).
 *
 *   read  ─► inside the session's directory ─► lines
 *   write ─► a prompt runs? ─► inside? ─► allowed? ─► evidence ─► whole file
 *                                          │ by the agent's own request about this path, else by one of ours
 *
 * Invariants: nothing is written outside of a running prompt, after its cancel, in mode `readOnly`, or without somebody's yes; each write is told
 * to the turn before it happens; whoever ends a prompt can wait until none of its writes goes on.
 */
import { HoldfastError } from "@holdfast/kernel";
import type { ApprovalMode } from "@holdfast/protocol";
import { autoAllow } from "../catalog/index.ts";
import type { PermissionAsk } from "../port.ts";
import type { RunningPrompt } from "../running-prompt.ts";
import { permissionAskOf, type ToolMemory } from "../tool-memory.ts";
import { type FileScope, locate, readBytes, readLines, shownPath, writeWhole } from "./contained-file.ts";

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
  /** The calls of the running prompt. */
  tools: Pick<ToolMemory, "find">;
  approvalMode(): ApprovalMode;
  running(): RunningPrompt | undefined;
};

export class FileAccess {
  readonly #facts: FileAccessFacts;
  readonly #writing = new Set<Promise<unknown>>();

  constructor(facts: FileAccessFacts) {
    this.#facts = facts;
  }

  /** Whole lines of a text file, as `readLines` counts them. Rejects as `locate` and `readLines` do. */
  async read(named: string, range: { line: number; limit?: number }): Promise<string> {
    return await readLines(await locate(this.#facts.place, named, "read"), range);
  }

  /** The content of a file, for a prompt that mentions it. Rejects as `locate` and `readBytes` do. */
  async bytes(named: string): Promise<Uint8Array> {
    return await readBytes(await locate(this.#facts.place, named, "read"));
  }

  /**
   * Replaces or makes a file. Rejects as `locate` and `writeWhole` do, with FORBIDDEN when nobody allowed it, and with CONFLICT when no prompt runs,
   * or none any more.
   */
  async write(named: string, content: string): Promise<void> {
    const { place, agent } = this.#facts;
    const running = this.#facts.running();
    if (running === undefined || running.isStopping) {
      throw new HoldfastError("CONFLICT", "Files are written while a prompt runs, and none does.");
    }
    const byMode = autoAllow(this.#facts.approvalMode(), KIND);
    if (byMode === "reject") throw new HoldfastError("FORBIDDEN", "The session is read-only.");
    const target = await locate(place, named, "write");
    if (byMode !== "once" && !(await this.#isAllowed(running.allowed, target))) {
      const answer = await running.ask(await this.#askOf(target, content));
      if (answer !== "once") throw new HoldfastError("FORBIDDEN", `Writing ${named} was not allowed.`);
    }
    // Somebody may have taken long: no link made meanwhile leads elsewhere, and a stop holds.
    if ((await locate(place, named, "write")) !== target) {
      throw new HoldfastError("PATH_ESCAPES", `${named} leads elsewhere than when it was asked about.`);
    }
    if (running.isStopping) throw new HoldfastError("CONFLICT", `${agent} was stopped.`);
    running.sink.emit({ type: "file", path: target });
    await this.#keep(writeWhole(target, content));
  }

  /** Resolves when no write goes on. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
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
}
