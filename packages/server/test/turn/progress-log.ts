import { createHash } from "node:crypto";
import { HoldfastError } from "@holdfast/kernel";
import type { Part, Session, ToolPart } from "@holdfast/protocol";
import type { ProgressOp, Store } from "../../src/store/index.ts";

type Answer = "commit" | "unavailable" | "claimLost" | "fault" | Promise<"commit">;

/**
 * What a store does with progress, in memory: applies every op under the rules of D-12 and D-16 and throws where an engine would refuse.
 * `answers` decides what becomes of the next appends; without one they commit.
 */
export class ProgressLog {
  readonly ops: ProgressOp[] = [];
  readonly batches: number[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  /** Hashes in the order they were stored, repetitions too: each is one more reference. */
  readonly stored: string[] = [];
  readonly answers: Answer[] = [];
  turnId = "";
  title = "New session - 2026-09-01T00:00:00.000Z";
  readonly #parts = new Map<string, Part>();

  readonly store = {
    appendProgress: async ({ ops }: { ops: ProgressOp[] }): Promise<number> => {
      await this.#answer();
      for (const op of ops) this.#apply(op);
      this.ops.push(...ops);
      this.batches.push(ops.length);
      return this.ops.length;
    },
    putBlob: async ({ bytes }: { bytes: Uint8Array }) => {
      await this.#answer();
      const hash = createHash("sha256").update(bytes).digest("hex");
      this.blobs.set(hash, bytes);
      this.stored.push(hash);
      return { hash, size: bytes.byteLength };
    },
    streamMessages: () => this.#messages(),
    ...this.#edits(),
    getSession: () => Promise.resolve({ title: this.title } as Session),
  } as unknown as Store;

  /** Parts as they stand now, in the order they were made. */
  get parts(): Part[] {
    return [...this.#parts.values()];
  }

  tool(callId: string): ToolPart {
    const part = this.parts.find((candidate) => candidate.type === "tool" && candidate.callId === callId);
    if (part?.type !== "tool") throw new Error(`No call ${callId} was written.`);
    return part;
  }

  /** Texts of the parts of one type. */
  texts(type: "text" | "reasoning"): string[] {
    return this.parts.flatMap((part) => (part.type === type ? [part.text] : []));
  }

  of<O extends ProgressOp["op"]>(op: O): Extract<ProgressOp, { op: O }>[] {
    return this.ops.filter((candidate): candidate is Extract<ProgressOp, { op: O }> => candidate.op === op);
  }

  /** What was asked of the store about rows of earlier turns, which are one answer with one part. */
  readonly edits: [string, unknown][] = [];

  #edits() {
    const taken = (name: string) => async (command: unknown) => {
      await this.#answer();
      this.edits.push([name, command]);
    };
    return Object.fromEntries(
      ["removeMessage", "removePart", "clearOutput"].map((name) => [name, taken(name)]),
    );
  }

  /** Newest first: the answers of the running turn as its ops made them, and before them one of an earlier turn. */
  async *#messages() {
    await Promise.resolve();
    for (const { messageId, patch } of this.of("answer").toReversed()) {
      const ids = patch.metadata?.["backend"] as { parentId: string } | undefined;
      if (ids === undefined) continue;
      const parentId = `msg_of_${ids.parentId}`;
      const parts = this.parts.filter((part) => part.messageId === messageId);
      yield {
        info: { id: messageId, parentId, turnId: this.turnId, role: "assistant", metadata: patch.metadata },
        parts,
      };
    }
    const backend = { messageId: "a1", parentId: "u1" };
    const metadata = { backend: { partId: "p1" } };
    const parts = [
      { id: "prt_of_p1", type: "tool", metadata },
      { id: "prt_unnamed", type: "step-finish" },
    ];
    const ids = { id: "msg_of_a1", parentId: "msg_of_u1", turnId: "trn_before" };
    yield { info: { ...ids, role: "assistant", metadata: { backend } }, parts };
  }

  async #answer(): Promise<void> {
    const answer = this.answers.shift() ?? "commit";
    if (answer instanceof Promise) await answer;
    if (answer === "unavailable") throw new HoldfastError("STORAGE_UNAVAILABLE", "The disk is full.");
    if (answer === "claimLost") throw new HoldfastError("CLAIM_LOST", "Claimed by another owner.");
    if (answer === "fault") throw new Error("broken");
  }

  #apply(op: ProgressOp): void {
    if (op.op === "part") this.#put(op.part);
    if (op.op === "delta") this.#extend(op);
    if (op.op === "removePart" && !this.#parts.delete(op.partId)) throw new Error("A removal of no part.");
    if (op.op === "checkpoint" && !this.#parts.has(op.partId)) throw new Error("A checkpoint of no part.");
  }

  #put(part: Part): void {
    const before = this.#parts.get(part.id);
    if (before?.type === "tool" && part.type === "tool") requireStep(before, part);
    this.#parts.set(part.id, structuredClone(part));
  }

  #extend(op: Extract<ProgressOp, { op: "delta" }>): void {
    const part = this.#parts.get(op.partId);
    if (!op.text.isWellFormed()) throw new Error("A delta with half a surrogate pair.");
    if (part?.type === "tool" && op.field !== "text") {
      const state = part.state as { raw: string; output?: string };
      const text = state[op.field];
      if (text?.length !== op.offset)
        throw new Error(`A delta of ${op.field} at ${op.offset}, not ${text?.length}.`);
      state[op.field] = text + op.text;
    } else if ((part?.type === "text" || part?.type === "reasoning") && op.field === "text") {
      if (part.text.length !== op.offset)
        throw new Error(`A delta at ${op.offset}, not ${part.text.length}.`);
      part.text += op.text;
    } else {
      throw new Error("A delta of no part.");
    }
  }
}

const NEXT = {
  pending: ["pending", "running"],
  running: ["running", "completed", "error"],
  completed: [],
  error: [],
} as const;

function requireStep(before: ToolPart, next: ToolPart): void {
  const legal: readonly string[] = NEXT[before.state.status];
  if (!legal.includes(next.state.status))
    throw new Error(`A call went from ${before.state.status} to ${next.state.status}.`);
}
