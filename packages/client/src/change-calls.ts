/** Calls of the review of changes (W-4 to W-9). A change belongs to a workspace, whatever session made it. */
import {
  type ApplyChanges,
  admittedSchema,
  changeListSchema,
  changeResultSchema,
  changeSchema,
  type CommentChange,
  operationListSchema,
  type RejectChanges,
  type ReviewChanges,
} from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import type { Transport } from "./transport.ts";

/** How long the server may look at the files of a large project before it answers, in ms. */
const REVIEW_TIMEOUT_MS = 120_000;

export function changeCalls({ send }: Transport) {
  const changes = (workspaceId: string, ...rest: string[]) =>
    at("workspaces", workspaceId, "changes", ...rest);
  return {
    /** Pending changes of a workspace with their patches, as far as they are not too long. `refresh`: looks at the files first. */
    listChanges: async (workspaceId: string, query: { refresh?: boolean } = {}, options?: CallOptions) =>
      (
        await send("GET", changes(workspaceId), changeListSchema, {
          ...options,
          query,
          timeoutMs: REVIEW_TIMEOUT_MS,
        })
      ).value,
    /** One change with its whole patch. */
    getChange: async (workspaceId: string, id: string, options?: CallOptions) =>
      (await send("GET", changes(workspaceId, id), changeSchema, options)).value,
    /**
     * Takes changes over: merges them into the project, or in the project's own directory makes them the new baseline (W-7). Refused with STALE,
     * CHANGES_CONFLICT (`conflicts`), BASE_DIVERGED or WORKSPACE_BUSY; then nothing was written.
     */
    applyChanges: async (workspaceId: string, body: ApplyChanges, options?: CallOptions) =>
      (
        await send("POST", changes(workspaceId, "apply"), changeResultSchema, {
          ...options,
          body,
          timeoutMs: REVIEW_TIMEOUT_MS,
        })
      ).value,
    /** Writes the baseline's text back; the agents are told with the next prompt. Refused as `applyChanges`. */
    rejectChanges: async (workspaceId: string, body: RejectChanges, options?: CallOptions) =>
      (
        await send("POST", changes(workspaceId, "reject"), changeResultSchema, {
          ...options,
          body,
          timeoutMs: REVIEW_TIMEOUT_MS,
        })
      ).value,
    /** Takes an operation back exactly; CHANGES_CONFLICT when a file has moved on since. */
    undoChanges: async (workspaceId: string, operationId: string, options?: CallOptions) =>
      (
        await send("POST", changes(workspaceId, "undo"), changeResultSchema, {
          ...options,
          body: { operationId },
          timeoutMs: REVIEW_TIMEOUT_MS,
        })
      ).value,
    /** Marks revisions as reviewed, or takes the marks back; answers all changes. STALE for one that has moved. */
    reviewChanges: async (workspaceId: string, body: ReviewChanges, options?: CallOptions) =>
      (await send("POST", changes(workspaceId, "review"), changeListSchema, { ...options, body })).value,
    /** Sends a remark on a line to the agent, as an input; it is durable when this resolves. */
    commentChange: async (workspaceId: string, body: CommentChange, options?: CallOptions) =>
      (await send("POST", changes(workspaceId, "comment"), admittedSchema, { ...options, body })).value,
    /** What was applied, accepted, rejected and undone, the newest first. */
    listChangeOperations: async (workspaceId: string, options?: CallOptions) =>
      (await send("GET", changes(workspaceId, "operations"), operationListSchema, options)).value,
  };
}
