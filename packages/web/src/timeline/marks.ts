/** What stands over the scrubber: where turns began, and where something waited or went wrong. */
import type { Step, StepKind } from "./step.ts";

export type Mark = { /** From 0, the first step, to 1, the last. */ at: number; kind: StepKind };

/** Marks drawn at most; of steps that fall together the weightiest is drawn. */
export const MARKS = 160;

const WEIGHTS: Record<StepKind, number> = {
  tool: 0,
  reply: 0,
  completed: 0,
  request: 1,
  asked: 2,
  aborted: 3,
  failed: 4,
};

export function marksOf(steps: readonly Step[]): Mark[] {
  const last = Math.max(1, steps.length - 1);
  const marks = new Map<number, Mark>();
  for (const [index, { kind }] of steps.entries()) {
    if (WEIGHTS[kind] === 0) continue;
    const slot = Math.round((index / last) * MARKS);
    const there = marks.get(slot);
    if (there === undefined || WEIGHTS[there.kind] < WEIGHTS[kind])
      marks.set(slot, { at: index / last, kind });
  }
  return [...marks.values()];
}
