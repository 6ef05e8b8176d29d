import type { ProgressOp } from "../store/index.ts";

const OVERHEAD = 128;

/** About how much memory an op holds, in bytes: its strings at two bytes per unit and a constant per value. Cheap rather than exact. */
export const progressSize = (op: ProgressOp): number => OVERHEAD + sizeOf(op);

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (value === null || typeof value !== "object") return 8;
  let size = 16;
  for (const item of Object.values(value) as unknown[]) size += sizeOf(item);
  return size;
}
