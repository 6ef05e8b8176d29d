/** Calls on projects and worktrees, and the report of what a deletion would lose (W-1, W-10 to W-12). */
import {
  type PatchProject,
  projectListSchema,
  projectSchema,
  pruneReportSchema,
  type RestoreWorktree,
  riskReportSchema,
  type WorktreeState,
  worktreeListSchema,
  worktreeSchema,
} from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import type { Transport } from "./transport.ts";

/** How long the server may copy, look through or remove the files of a worktree before it answers, in ms; its setup command may take most of it. */
export const WORKTREE_TIMEOUT_MS = 660_000;

export function worktreeCalls({ send }: Transport) {
  const risk = async (path: string, options?: CallOptions) =>
    (await send("GET", path, riskReportSchema, { ...options, timeoutMs: WORKTREE_TIMEOUT_MS })).value;
  return {
    listProjects: async (options?: CallOptions) =>
      (await send("GET", at("projects"), projectListSchema, options)).value,
    getProject: async (id: string, options?: CallOptions) =>
      (await send("GET", at("projects", id), projectSchema, options)).value,
    /** Replaces how worktrees of a project are made. */
    patchProject: async (id: string, body: PatchProject, options?: CallOptions) =>
      (await send("PATCH", at("projects", id), projectSchema, { ...options, body })).value,
    listWorktrees: async (query: { projectId?: string; state?: WorktreeState } = {}, options?: CallOptions) =>
      (await send("GET", at("worktrees"), worktreeListSchema, { ...options, query })).value,
    getWorktree: async (id: string, options?: CallOptions) =>
      (await send("GET", at("worktrees", id), worktreeSchema, options)).value,
    /** What deleting a worktree, a session or a workspace would lose; to be asked before any deletion. */
    worktreeRisk: (id: string, options?: CallOptions) => risk(at("worktrees", id, "risk"), options),
    sessionRisk: (id: string, options?: CallOptions) => risk(at("sessions", id, "risk"), options),
    workspaceRisk: (id: string, options?: CallOptions) => risk(at("workspaces", id, "risk"), options),
    /** Removes a worktree after putting its work into a rescue ref; the answer names it. RISK_UNCONFIRMED (with the `report`) unless nothing is at risk or `discard`. */
    deleteWorktree: async (
      id: string,
      options: CallOptions & { discard?: boolean; skipTeardown?: boolean } = {},
    ) => {
      const { discard, skipTeardown, ...rest } = options;
      const query = {
        ...(discard === true ? { discard } : {}),
        ...(skipTeardown === true ? { skipTeardown } : {}),
      };
      const timeoutMs = WORKTREE_TIMEOUT_MS;
      return (await send("DELETE", at("worktrees", id), worktreeSchema, { ...rest, query, timeoutMs })).value;
    },
    /** Brings a worktree back from its rescue ref, or makes it anew at its base. */
    restoreWorktree: async (id: string, body: RestoreWorktree, options?: CallOptions) =>
      (
        await send("POST", at("worktrees", id, "restore"), worktreeSchema, {
          ...options,
          body,
          timeoutMs: WORKTREE_TIMEOUT_MS,
        })
      ).value,
    /** Removes worktrees that nobody needs; with `dryRun` says which. */
    pruneWorktrees: async (body: { dryRun: boolean }, options?: CallOptions) =>
      (
        await send("POST", at("worktrees", "prune"), pruneReportSchema, {
          ...options,
          body,
          timeoutMs: WORKTREE_TIMEOUT_MS,
        })
      ).value,
  };
}
