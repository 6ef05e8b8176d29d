import type { StorageWait } from "@holdfast/kernel";
import type { DiffTotals, Session, SessionError, SessionId, TurnId } from "@holdfast/protocol";
import type { StartedTurn } from "../store/index.ts";

/** What a turn changed of the files of its workspace: trees before and after it, absolute paths, and how much in all (W-3, session-model 6). */
export type TurnFiles = { hash: string; snapshot: string; files: string[]; totals: DiffTotals };

/** Most files that a patch part names, so that it stays an event (D-4); the changes of the workspace name every one. */
export const MAX_PATCH_FILES = 1_000;

/** Why the files of a turn are not watched; nothing is said of it when `isKnown`, since the workspace shows it already. */
export type Unwatched = { off: string; isKnown: boolean };

/**
 * What looks after the files of turns; `changes` does it, `main` wires it. Everything may reject: a turn goes on without it and says so.
 * `touched` names the paths that the agent said it changes, as it spelled them, up to now (W-5).
 */
export type TurnWatch = {
  /** The error to end the turn with when the place to work in is not there any more (W-13). */
  requireDirectory(session: Session): Promise<SessionError | undefined>;
  /**
   * Takes the snapshot before a turn, and says whose the edits since the last one were. The agent is not prompted until it has resolved or `wait`
   * is over: what is taken later counts no more.
   */
  before(
    started: StartedTurn,
    touched: () => readonly string[],
    wait: StorageWait,
  ): Promise<{ tree: string } | Unwatched>;
  /** The tree of the files behind a step of a turn, of which nothing is attributed; `undefined` where none is taken. */
  step(started: StartedTurn, number: number): Promise<string | undefined>;
  /** Takes the snapshot after it, before `wait` is over, and attributes what differs; `undefined` when there is none from before. */
  after(started: StartedTurn, wait: StorageWait): Promise<TurnFiles | undefined>;
  /** The agent was never prompted: nothing of what happens is its work. */
  dismiss(started: StartedTurn): Promise<void>;
  /** The same as `after` for a turn whose owner died: what `touched` names is its agent's, what differs beside is attributed to nobody (D-18). */
  recover(
    turn: { turnId: TurnId; sessionId: SessionId },
    touched: readonly string[],
  ): Promise<TurnFiles | undefined>;
};
