/**
 * Whose an edit is (W-5). Pure.
 *
 * | the edit fell              | evidence names the path        | nothing does                                  |
 * | -------------------------- | ------------------------------ | --------------------------------------------- |
 * | between turns              |                                | `user`; in a worktree `unknown`               |
 * | into one turn              | its agent                      | `shared`; in a worktree its agent             |
 * | into turns that overlap    | the agent of the one that does | `shared`                                      |
 * | where nobody watched       |                                | `unknown`                                     |
 * | into a turn that died      | its agent                      | `unknown`                                     |
 */
import type { Origin, SessionId, TurnId, Workspace } from "@holdfast/protocol";

/** A turn that was at work, and which paths its agent named. */
export type Worker = { agent: string; turnId: TurnId; sessionId: SessionId; names(path: string): boolean };

/**
 * When the edits fell. `unwatched`: a turn ended without a snapshot, or a crash or a pause of the tracking lies between; `died`: what a turn's owner had
 * stored of it still says which paths its agent changed.
 */
export type Span =
  | { kind: "between" }
  | { kind: "turns"; workers: readonly Worker[] }
  | { kind: "died"; worker: Worker }
  | { kind: "unwatched"; turn?: { turnId: TurnId; sessionId: SessionId } | undefined };

export function stampOf(paths: readonly string[], span: Span, workspace: Pick<Workspace, "kind">): Origin {
  switch (span.kind) {
    case "between":
      return { agent: workspace.kind === "worktree" ? "unknown" : "user" };
    case "unwatched":
      return { agent: "unknown", ...span.turn };
    case "died": {
      const turn = ofTurn(span.worker);
      return paths.some((path) => span.worker.names(path)) ? turn : { ...turn, agent: "unknown" };
    }
    case "turns":
      return stampOfTurns(paths, span.workers, workspace);
  }
}

function stampOfTurns(
  paths: readonly string[],
  workers: readonly Worker[],
  { kind }: Pick<Workspace, "kind">,
): Origin {
  const [only, another] = workers;
  const isAlone = only !== undefined && another === undefined;
  const [named, alsoNamed] = workers.filter((worker) => paths.some((path) => worker.names(path)));
  if (named !== undefined && alsoNamed === undefined) return ofTurn(named);
  if (isAlone && kind === "worktree") return ofTurn(only);
  return isAlone ? { ...ofTurn(only), agent: "shared" } : { agent: "shared" };
}

const ofTurn = ({ agent, turnId, sessionId }: Worker): Origin => ({ agent, turnId, sessionId });
