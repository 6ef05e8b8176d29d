import { MAX_DELTA_UNITS } from "@holdfast/protocol";
import type { ProgressOp } from "../port.ts";

type DeltaOp = Extract<ProgressOp, { op: "delta" }>;

/** Joins deltas of one part and field with nothing but deltas between them; the order of parts is that of their first delta. */
export function joinDeltas(ops: ProgressOp[]): ProgressOp[] {
  const joined: ProgressOp[] = [];
  let run = new Map<string, DeltaOp>();
  for (const op of ops) {
    if (op.op !== "delta") {
      run = new Map();
      joined.push(op);
      continue;
    }
    const key = `${op.partId}:${op.field}`;
    const open = run.get(key);
    const continues = open !== undefined && open.offset + open.text.length === op.offset;
    if (continues && open.text.length + op.text.length <= MAX_DELTA_UNITS) {
      open.text += op.text;
    } else {
      const copy = { ...op };
      run.set(key, copy);
      joined.push(copy);
    }
  }
  return joined;
}
