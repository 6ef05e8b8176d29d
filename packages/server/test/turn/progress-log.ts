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
    async *streamMessages() {
      const backend = { messageId: "a1", parentId: "u1" };
      await Promise.resolve();
      yield { info: { id: "msg_of_a1", parentId: "msg_of_u1", role: "assistant", metadata: { backend } } };
    },
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
