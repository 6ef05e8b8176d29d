import { describe, expect, test } from "vitest";
import { decideLook, decideReap, REAP_GRACE_MS, type ReapFacts } from "./reap-decision.ts";

const NOW = 10 * REAP_GRACE_MS;
const REAPABLE: ReapFacts = {
  state: "archived",
  isClaimed: false,
  isBusy: false,
  idleSince: NOW - REAP_GRACE_MS,
  isRootOurs: true,
  isBelowRoot: true,
  condition: "whole",
  isLockOurs: true,
};

describe("what the reaper does with a worktree", () => {
  test("[W-12] an archived or unclaimed worktree past its grace is looked at", () => {
    expect(decideReap(REAPABLE, NOW).action).toBe("look");
    expect(decideReap({ ...REAPABLE, state: "active" }, NOW).action).toBe("look");
  });

  const KEPT: [name: string, facts: Partial<ReapFacts>][] = [
    ["is being made", { state: "creating" }],
    ["is being removed", { state: "removing" }],
    ["is removed", { state: "removed" }],
    ["is lost", { state: "lost" }],
    ["a session claims", { isClaimed: true }],
    ["something is done with", { isBusy: true }],
    ["was used within the grace", { idleSince: NOW - REAP_GRACE_MS + 1 }],
    ["was last used in the future, by a clock that jumped back", { idleSince: NOW + 1 }],
    ["stands in a root of another or an older database", { isRootOurs: false }],
    ["is not below the root", { isBelowRoot: false }],
    ["is missing", { condition: "missing" }],
    ["was moved", { condition: "moved" }],
    ["is foreign", { condition: "foreign" }],
    ["cannot be looked at", { condition: "unknown" }],
    ["has a lock of somebody else", { isLockOurs: false }],
  ];
  test.each(KEPT)("[W-12] one that %s is kept", (_name, facts) => {
    expect(decideReap({ ...REAPABLE, ...facts }, NOW).action).toBe("keep");
  });

  test("[W-12] only a clean one is removed; another is rescued once, then kept", () => {
    expect(decideLook({ safe: true, isRescued: false }).action).toBe("remove");
    expect(decideLook({ safe: false, isRescued: false }).action).toBe("rescue");
    expect(decideLook({ safe: false, isRescued: true }).action).toBe("keep");
  });
});
