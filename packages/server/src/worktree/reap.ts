/** A pass over the managed root (W-12): what `decideReap` says of each worktree, done, with an audit row per act. Unknown directories are reported. */
import { readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { errorText } from "@holdfast/kernel";
import type { Actor, PruneReport, Worktree } from "@holdfast/protocol";
import { conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { readMarker } from "./marker.ts";
import { readLockReason } from "./names.ts";
import { decideLook, decideReap, type ReapDecision, type ReapFacts } from "./reap-decision.ts";
import { removeWorktree } from "./remove.ts";
import { keepRescued } from "./rescue.ts";
import { worktreeRisk } from "./risk.ts";

/** Most worktrees that a pass removes or rescues, and that it asks git about (W-12). */
export const REAP_ACTS = 10;
export const REAP_LOOKS = 50;

type Item = PruneReport["items"][number];

/** Where the next pass begins to look, so that those that are kept do not hide the others. */
export class Reaper {
  readonly #deps: SagaDeps;
  #from = 0;

  constructor(deps: SagaDeps) {
    this.#deps = deps;
  }

  async pass({ dryRun, actor }: { dryRun: boolean; actor: Actor }): Promise<PruneReport> {
    const { store, clock } = this.#deps;
    const worktrees = await store.listWorktrees({ states: ["active", "archived", "lost"] });
    const first = this.#from % Math.max(worktrees.length, 1);
    const isRootOurs = await knowsRoot(this.#deps);
    const items: Item[] = [];
    let looks = 0;
    let acts = 0;
    for (const worktree of [...worktrees.slice(first), ...worktrees.slice(0, first)]) {
      let decision = decideReap(await factsOf(this.#deps, worktree, isRootOurs), clock.now());
      if (decision.action === "look") {
        looks += 1;
        if (acts >= REAP_ACTS || looks > REAP_LOOKS)
          decision = { action: "keep", reason: "this pass has done enough" };
        else decision = await this.#look(worktree, dryRun, actor);
        if (decision.action !== "keep") acts += 1;
      }
      items.push(itemOf(worktree, decision));
    }
    this.#from = first + Math.min(looks, REAP_LOOKS);
    return { dryRun, items: [...items, ...(await unknownDirectories(this.#deps))] };
  }

  async #look(worktree: Worktree, dryRun: boolean, actor: Actor): Promise<ReapDecision> {
    const { id } = worktree;
    try {
      const { safe } = await worktreeRisk(this.#deps, id);
      // Without doing anything only that there is a rescue can be told, not whether it still holds everything.
      const decision = decideLook({ safe, isRescued: dryRun && worktree.rescue !== undefined });
      if (dryRun || decision.action === "keep") return decision;
      if (decision.action === "remove") {
        await removeWorktree(this.#deps, id, {
          discard: false,
          skipTeardown: false,
          actor,
          reason: decision.reason,
        });
        return decision;
      }
      const { made } = await keepRescued(this.#deps, worktree, actor);
      if (!made) return decideLook({ safe, isRescued: true });
      const facts = { worktreeId: id, path: worktree.path, action: "rescued", reason: decision.reason };
      await this.#deps.store.recordWorktreeAudit({ ...facts, actor, time: this.#deps.clock.now() });
      return decision;
    } catch (error) {
      return { action: "keep", reason: `it could not be reaped: ${errorText(error).slice(0, 400)}` };
    }
  }
}

function itemOf(worktree: Worktree, { action, reason }: ReapDecision): Item {
  const done = action === "remove" ? "removed" : action === "rescue" ? "rescued" : "kept";
  return { path: worktree.path, worktreeId: worktree.id, action: done, reason };
}

async function factsOf(deps: SagaDeps, worktree: Worktree, isRootOurs: boolean): Promise<ReapFacts> {
  const { store, root } = deps;
  const [users, open, condition, real] = await Promise.all([
    store.workspaceUsers(worktree.workspaceId),
    store.listOperations({ workspaceId: worktree.workspaceId, state: "running", limit: 1 }),
    conditionOf(worktree).catch(() => undefined),
    realpath(worktree.path).catch(() => ""),
  ]);
  const lock = condition?.kind === "whole" ? readLockReason(condition.entry.lockReason) : undefined;
  return {
    state: worktree.state,
    isClaimed: users.some((user) => !user.archived),
    isBusy: open.length > 0 || users.some((user) => user.liveTurnId !== undefined),
    idleSince: worktree.time.updated,
    isRootOurs,
    isBelowRoot: real.startsWith(root + sep) && real === worktree.path,
    condition: condition?.kind ?? "unknown",
    isLockOurs: lock?.storeId === store.storeId && lock.worktreeId === worktree.id,
  };
}

/** Whether this database made worktrees here, and knows the newest that it made: an older copy of it does not. */
async function knowsRoot({ root, store }: SagaDeps): Promise<boolean> {
  const newest = (await readMarker(root))?.stores[store.storeId];
  return newest !== undefined && (await store.getWorktree(newest)) !== undefined;
}

/** Directories that this database knows nothing of: another's, an older one's, the user's. Never deleted. */
async function unknownDirectories({ root, store }: SagaDeps): Promise<Item[]> {
  const known = new Set((await store.listWorktrees({})).map((worktree) => worktree.path));
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.name.startsWith("."))
    .map((entry) => join(root, entry.name))
    .filter((path) => !known.has(path))
    .map((path) => ({
      path,
      action: "unknown" as const,
      reason: "this database does not know it; it is left alone",
    }));
}
