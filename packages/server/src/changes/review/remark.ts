import { HoldfastError, notFound } from "@holdfast/kernel";
import type { CommentChange, FileVersion, SessionId, WorkspaceId } from "@holdfast/protocol";
import type { StoredChange } from "../../store/index.ts";
import { lineOf } from "./compose-file.ts";
import type { ReviewDeps } from "./deps.ts";

/** Most characters of the line that a remark quotes (W-6). */
const QUOTE_LENGTH = 2_000;

/** An input to be admitted: what a person says of a line, with the line. */
export type Remark = { sessionId: SessionId; text: string };

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
  const sessionId = await sessionFor(deps, workspaceId, change, request.sessionId);
  const path = request.side === "old" ? (change.oldPath ?? change.path) : change.path;
  const side = request.side === "old" ? "before the change" : "as changed";
  const text = `About ${path}, line ${request.line} (${side}):\n\n> ${quoted}\n\n${request.text}`;
  return { sessionId, text };
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

/** The named session, which has to work in the workspace, or that of the newest contribution whose session is still there. */
async function sessionFor(
  { store }: ReviewDeps,
  workspaceId: WorkspaceId,
  change: StoredChange,
  named: SessionId | undefined,
): Promise<SessionId> {
  const newestFirst = [...change.contributions].sort((one, other) => other.time - one.time);
  const wanted = named === undefined ? newestFirst.map(({ sessionId }) => sessionId) : [named];
  for (const id of new Set(wanted)) {
    const session = id === undefined ? undefined : await store.getSession(id);
    if (session?.workspaceId === workspaceId) return session.id;
  }
  throw new HoldfastError(
    "UNPROCESSABLE",
    named === undefined
      ? "No session that worked on this change is left. Name the session that should hear the comment."
      : `Session ${named} does not work in workspace ${workspaceId}.`,
  );
}
