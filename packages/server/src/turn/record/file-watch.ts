/**
 * The files of one turn (W-3, W-5): a snapshot beside the opening of the agent, another one after the fence, each within a deadline.
 *
 *   begin ─► before ─► prompted ─► … fence … ─► end ─► after ─► what the record says
 *                 │      └► stepEnded: a tree in passing, which nothing is attributed by
 *                 └─► not prompted: dismiss
 *
 * Nothing here ever rejects or ends a turn: what cannot be watched is told in a notice, and the turn goes on.
 */
import { type Clock, type Logger, newId, storageRefusal, within } from "@holdfast/kernel";
import type { StartedTurn, TerminalRecord } from "../../store/index.ts";
import { MAX_PATCH_FILES, type TurnFiles, type TurnWatch } from "../turn-watch.ts";
import type { StepEdge } from "./answers.ts";
import type { Recorder } from "./recorder.ts";

export type FileWatchDeps = {
  watch: TurnWatch | undefined;
  /** Whether the turn may write: only then it is watched. */
  writes: boolean;
  clock: Clock;
  logger: Logger;
  settings: { watchMs: number; stepSnapshotMs: number };
};

export class FileWatch {
  readonly #deps: FileWatchDeps;
  readonly #started: StartedTurn;
  readonly #recorder: Recorder;
  #begun: Promise<void> | undefined;
  #isWatched = false;
  #isPrompted = false;
  #isStepping = false;
  #steppedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: FileWatchDeps, started: StartedTurn, recorder: Recorder) {
    this.#deps = deps;
    this.#started = started;
    this.#recorder = recorder;
  }

  /** Takes the first snapshot. Resolves when the prompt may go out, whatever became of it. */
  begin(): Promise<void> {
    this.#begun ??= this.#before();
    return this.#begun;
  }

  /** The prompt goes out now: what changes from here on may be the agent's work. */
  prompted(): void {
    this.#isPrompted = true;
  }

  /**
   * A step ended: takes a tree in passing, unless one is being taken or was not long ago. Of one that cannot be taken in time nothing is said: its
   * field stays absent.
   */
  stepEnded(edge: StepEdge): void {
    const { watch, clock, logger, settings } = this.#deps;
    const now = clock.monotonic();
    if (watch === undefined || !this.#isWatched || settings.stepSnapshotMs === 0) return;
    if (this.#isStepping || now - this.#steppedAt < settings.stepSnapshotMs) return;
    this.#isStepping = true;
    this.#steppedAt = now;
    within(clock, settings.watchMs, watch.step(this.#started, edge.number))
      .then((tree) => tree !== undefined && this.#recorder.lateSnapshot(edge, tree))
      .catch((error: unknown) => {
        const { session, turn } = this.#started;
        logger.debug(
          { sessionId: session.id, turnId: turn.id, error },
          "no snapshot was taken between two steps",
        );
      })
      .finally(() => (this.#isStepping = false));
  }

  /** Takes the second one, within `ms`. Call it when nothing of the agent enters the turn any more. */
  async end(ms: number): Promise<TerminalRecord["files"]> {
    const { watch, clock } = this.#deps;
    if (watch === undefined || this.#begun === undefined) return undefined;
    if (!this.#isPrompted) {
      this.#dismiss(watch, this.#begun);
      return undefined;
    }
    if (!this.#isWatched) return undefined;
    const { refused, over } = this.#recorder.storage.wait();
    const late = new AbortController();
    try {
      const wait = { signal: late.signal, onRefused: refused };
      const found = await within(
        clock,
        ms,
        watch.after(this.#started, wait).then((files) => ({ files })),
      );
      if (found === undefined) {
        late.abort();
        this.#tell(`The files were not compared within ${ms} ms after the turn.`);
        return undefined;
      }
      return found.files === undefined ? undefined : patchOf(found.files, clock);
    } catch (error) {
      this.#tell(`The files could not be compared after the turn. ${whyOf(error)}`, error);
      return undefined;
    } finally {
      over();
    }
  }

  async #before(): Promise<void> {
    const { watch, writes, clock, settings } = this.#deps;
    if (watch === undefined || !writes) return;
    const { refused, over } = this.#recorder.storage.wait();
    const late = new AbortController();
    try {
      const wait = { signal: late.signal, onRefused: refused };
      const before = watch.before(this.#started, () => this.#recorder.touched(), wait);
      const taken = await within(clock, settings.watchMs, before);
      if (taken === undefined) {
        late.abort();
        this.#tell(
          `No snapshot of the files was taken within ${settings.watchMs} ms; the turn goes on without.`,
        );
      } else if ("tree" in taken) {
        this.#isWatched = true;
        this.#recorder.stepSnapshot(taken.tree);
      } else if (!taken.isKnown) {
        this.#tell(`The files of this workspace are not watched: ${taken.off}`);
      }
    } catch (error) {
      this.#tell(`No snapshot of the files could be taken; the turn goes on without. ${whyOf(error)}`, error);
    } finally {
      over();
    }
  }

  /** Nobody waits for it: the turn had no agent that could have changed anything. */
  #dismiss(watch: TurnWatch, begun: Promise<void>): void {
    const { turn } = this.#started;
    begun
      .then(() => (this.#isWatched ? watch.dismiss(this.#started) : undefined))
      .catch((error: unknown) =>
        this.#deps.logger.warn({ turnId: turn.id, error }, "a turn that never ran stays noted as working"),
      );
  }

  #tell(text: string, error?: unknown): void {
    const { session, turn } = this.#started;
    const cause = error === undefined ? {} : { error };
    this.#deps.logger.warn({ sessionId: session.id, turnId: turn.id, ...cause }, text);
    this.#recorder.emit({ type: "notice", kind: "snapshot", bytes: Buffer.byteLength(text), tail: text });
  }
}

const whyOf = (error: unknown): string => storageRefusal(error)?.message ?? "The log says why.";

/** The same as a record keeps it. */
export function patchOf(
  { hash, snapshot, files, totals }: TurnFiles,
  clock: Clock,
): NonNullable<TerminalRecord["files"]> {
  const named = files.slice(0, MAX_PATCH_FILES);
  return {
    partId: newId("prt", clock.now()),
    hash,
    snapshot,
    files: named,
    more: files.length - named.length,
    totals,
  };
}
