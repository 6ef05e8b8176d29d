import type { WorktreeState } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type ChangedBy, mayBecome } from "./worktree-state.ts";

const no: readonly ChangedBy[] = [];
const operation: readonly ChangedBy[] = ["operation"];
const both: readonly ChangedBy[] = ["operation", "anyone"];

/** From, to, and who may do it. */
const TABLE: Record<WorktreeState, Record<WorktreeState, readonly ChangedBy[]>> = {
  creating: { creating: both, active: operation, archived: no, removing: no, removed: no, lost: no },
  active: { creating: no, active: both, archived: both, removing: both, removed: no, lost: both },
  archived: { creating: no, active: both, archived: both, removing: both, removed: no, lost: both },
  lost: { creating: no, active: both, archived: no, removing: both, removed: no, lost: both },
  removing: {
    creating: no,
    active: operation,
    archived: operation,
    removing: both,
    removed: operation,
    lost: operation,
  },
  removed: { creating: no, active: operation, archived: no, removing: no, removed: both, lost: no },
};

describe("the state of a worktree", () => {
  const cells = Object.entries(TABLE).flatMap(([from, row]) =>
    Object.entries(row).map(([to, by]) => [from, to, by] as const),
  );

  test.each(cells)("[W-1, W-11] from %s to %s: %j", (from, to, by) => {
    const found = both.filter((each) => mayBecome(from as WorktreeState, to as WorktreeState, each));
    expect(found).toEqual(by);
  });
});
