import type { Admitted, CommentChange, WorkspaceId } from "@holdfast/protocol";
import type { Applied } from "../store/index.ts";
import { admitInput } from "./admit.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { madeBefore } from "./made-before.ts";

/** A remark on a line of a change, admitted as an input (W-6). Rejects what the remark and its admission refuse. */
export function commentChange(
  deps: SessionDeps,
  workspaceId: WorkspaceId,
  request: CommentChange,
  caller: Caller,
): Promise<Applied<Admitted>> {
  return deps.changes.remark(workspaceId, request).then(
    ({ sessionId, text }) => admitInput(deps, sessionId, { parts: [{ type: "text", text }] }, caller),
    (refusal: unknown) => madeBefore(deps, caller, "admitted", refusal),
  );
}
