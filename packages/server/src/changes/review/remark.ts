import { HoldfastError, notFound } from "@holdfast/kernel";
import {
  type CommentChange,
  type FileVersion,
  hunkAt,
  type Origin,
  type SessionId,
  type WorkspaceId,
} from "@holdfast/protocol";
import type { StoredChange } from "../../store/index.ts";
import { lineOf } from "./compose-file.ts";
import type { ReviewDeps } from "./deps.ts";

/** Most characters of the line that a remark quotes (W-6). */
const QUOTE_LENGTH = 2_000;

/** An input to be admitted: what a person says of a line, with the line. Without an agent it is for the session's own. */
export type Remark = { sessionId: SessionId; agent?: string | undefined; text: string };

/** What a comment on a line becomes (W-6). Rejects NOT_FOUND, STALE, and UNPROCESSABLE for a line or a session that there is not. */
export async function remarkOf(
  deps: ReviewDeps,
  workspaceId: WorkspaceId,
  request: CommentChange,
): Promise<Remark> {
  const change = await deps.store.getChange(request.changeId);
  if (change?.workspaceId !== workspaceId)
    throw notFound("pending change of this workspace", request.changeId);
  if (change.revision !== request.revision)
    throw new HoldfastError("STALE", `Change ${change.id} has moved on. Read it again.`, {
      data: { changes: [{ id: change.id, revision: change.revision }], paths: [change.path] },
    });
  const quoted = await quotedLine(deps, change, request);
  const to = await addresseeOf(deps, workspaceId, change, request);
  const path = request.side === "old" ? (change.oldPath ?? change.path) : change.path;
  const side = request.side === "old" ? "before the change" : "as changed";
  const text = `About ${path}, line ${request.line} (${side}):\n\n> ${quoted}\n\n${request.text}`;
  return { ...to, text };
}

async function quotedLine(deps: ReviewDeps, change: StoredChange, request: CommentChange): Promise<string> {
  const version = request.side === "old" ? change.before : change.after;
  const line =
    version === undefined || change.binary ? undefined : await readLine(deps, change, version, request.line);
  if (line === undefined)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `${change.path} has no line ${request.line} on the ${request.side} side.`,
    );
  return line.slice(0, QUOTE_LENGTH);
}

async function readLine(
  deps: ReviewDeps,
  change: StoredChange,
  version: FileVersion,
  line: number,
): Promise<string | undefined> {
  const { repo } = await deps.repositories.of(change.workspaceId);
  return lineOf(await repo.readBlob(version.blob), line);
}

/**
 * Who hears of it: the session and the agent that made the line's hunk, or contributed last where no turn made it, the first of them whose session
 * still works here. A session that is named has to work in the workspace.
 */
async function addresseeOf(
  { store }: ReviewDeps,
  workspaceId: WorkspaceId,
  change: StoredChange,
  { side, line, sessionId: named, agent }: CommentChange,
): Promise<Omit<Remark, "text">> {
  const makers: Pick<Origin, "sessionId" | "turnId">[] = [
    ...(hunkAt(change.hunks, { side, line })?.origins ?? []),
    ...[...change.contributions].sort((one, other) => other.time - one.time),
  ];
  for (const { sessionId, turnId } of named === undefined ? makers : [...makers, { sessionId: named }]) {
    if (sessionId === undefined || sessionId !== (named ?? sessionId)) continue;
    if ((await store.getSession(sessionId))?.workspaceId !== workspaceId) continue;
    const turn = turnId === undefined ? undefined : await store.getTurn(turnId);
    return { sessionId, agent: agent ?? turn?.agent };
  }
  throw new HoldfastError(
    "UNPROCESSABLE",
    named === undefined
      ? "No session that worked on this change is left. Name the session that should hear the comment."
      : `Session ${named} does not work in workspace ${workspaceId}.`,
  );
}
