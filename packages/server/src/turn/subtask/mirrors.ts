/**
 * Sessions that the agent of a turn makes by itself for a part of its work, shown as children of the turn's session. Their agent runs them; what it
 * tells of one is a turn there, which takes no lease, has no deadline of its own and no place in the pool.
 *
 *   began ─► session made, or found ─► named by the call of its parent ─► turn started ─► what it says ─► ended
 *
 * - The turn of a child ends before its parent's does: by what the agent told, else as the parent's.
 * - Such a turn has its own claim. Recovery ends it as interrupted where this process died.
 * - What cannot be stored of a child is lost to the child alone; the parent goes on.
 */
import { type Clock, type Logger, newId, retryStorage } from "@holdfast/kernel";
import { type Actor, type InstanceId, type PartOf, type Session, subtaskMetadata } from "@holdfast/protocol";
import type { AgentEvent, ChildEvent, ChildTold } from "../../agents/index.ts";
import type { StartedTurn, Store, TerminalRecord } from "../../store/index.ts";
import { agentActor, TURN_ACTOR } from "../actor.ts";
import { finalize } from "../end/index.ts";
import { type ByteBudget, maskOf, Recorder, targetOf } from "../record/index.ts";
import { sessionBelow } from "./child.ts";
import type { Children } from "./run-subtasks.ts";

type Deps = {
  store: Store;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
  settings: { resumeAttempts: number };
  budget: ByteBudget;
  /** Ends every repeating of refused writes: the process is about to exit. */
  signal: AbortSignal;
  children: Pick<Children, "hold">;
};

type Began = Extract<ChildTold, { type: "began" }>;
type Ended = Extract<ChildTold, { type: "ended" }>;

type Open = { recorder: Recorder; started: StartedTurn; letGo: () => void };
/** One turn of a child. `waiting`: what it said before that could be written; `isOver`: it was told to have ended, also where it is lost. */
type Run = {
  ready: Promise<Open | undefined>;
  open: Open | undefined;
  waiting: AgentEvent[];
  isEnded: boolean;
  isOver: boolean;
};
/** `line`: its last turn has ended. */
type Mirror = {
  session: Session | undefined;
  parentId: string | undefined;
  run: Run | undefined;
  line: Promise<void>;
};

export class Mirrors {
  readonly #deps: Deps;
  readonly #parent: {
    session: Session;
    agent: string;
    recorder: Pick<Recorder, "emit" | "touch">;
    /** What its agent was given may stand in the words of a child as well. */
    mask: ReturnType<typeof maskOf>;
  };
  readonly #children = new Map<string, Mirror>();
  readonly #actor: Actor;

  constructor(
    deps: Deps,
    started: Pick<StartedTurn, "session" | "turn" | "mcpServers">,
    recorder: Pick<Recorder, "emit" | "touch">,
  ) {
    const { agent } = started.turn;
    this.#deps = deps;
    this.#parent = { session: started.session, agent, recorder, mask: maskOf(started) };
    this.#actor = agentActor(agent);
  }

  take({ childId, told }: ChildEvent): void {
    const mirror = this.#children.get(childId) ?? {
      session: undefined,
      parentId: undefined,
      run: undefined,
      line: Promise.resolve(),
    };
    this.#children.set(childId, mirror);
    switch (told.type) {
      case "began":
        return this.#begin(childId, mirror, told);
      case "said":
        if (told.event.type === "tool") this.#parent.recorder.touch(childId, told.event);
        if (mirror.run?.open !== undefined) mirror.run.open.recorder.emit(told.event);
        else if (mirror.run?.isEnded === false) mirror.run.waiting.push(told.event);
        return;
      case "ended":
        return this.#end(mirror, recordOf(told));
    }
  }

  /** What a backend awaits before its next update. */
  drained(): Promise<void> | undefined {
    for (const { run } of this.#children.values()) {
      if (run === undefined || run.isEnded) continue;
      const drained = run.open === undefined ? run.ready.then(() => undefined) : run.open.recorder.drained();
      if (drained !== undefined) return drained;
    }
    return undefined;
  }

  /** Resolves when all that was said of children is committed, or lost to them: `takeContent` says which. */
  async flushed(): Promise<void> {
    for (const { run } of this.#children.values()) await (run && (await run.ready)?.recorder.flushed());
  }

  /** Whether what is said of each child that still works is written. */
  get takeContent(): boolean {
    return [...this.#children.values()].every(
      ({ run }) => run === undefined || run.isOver || run.open?.recorder.takesContent === true,
    );
  }

  /** The parent's turn ends with this record: what still runs below it ends so too. Never rejects. */
  async end(record: TerminalRecord): Promise<void> {
    for (const mirror of this.#children.values()) this.#end(mirror, endBelow(record));
    await Promise.all([...this.#children.values()].map(({ line }) => line));
  }

  /** One turn of a child after another. */
  #begin(childId: string, mirror: Mirror, told: Began): void {
    this.#end(mirror, { state: "completed" });
    const opening = mirror.line
      .then(() => this.#open(childId, mirror, told))
      .catch((error: unknown) => {
        this.#deps.logger.warn({ childId, error }, "a session that an agent made is not shown");
        return undefined;
      });
    const run: Run = {
      ready: opening.then((open) => this.#opened(run, open)),
      open: undefined,
      waiting: [],
      isEnded: false,
      isOver: false,
    };
    mirror.run = run;
    mirror.parentId = told.parentId;
  }

  #opened(run: Run, open: Open | undefined): Open | undefined {
    const said = run.waiting.splice(0);
    if (open === undefined) run.isEnded = true;
    else if (!run.isEnded) run.open = open;
    for (const event of said) open?.recorder.emit(event);
    return open;
  }

  async #open(childId: string, mirror: Mirror, told: Began): Promise<Open | undefined> {
    const { store, clock, instanceId, children, budget } = this.#deps;
    const above = this.#above(childId, told.parentId);
    await above?.run?.ready;
    const session = (mirror.session ??= await this.#session(
      above?.session ?? this.#parent.session,
      childId,
      told,
    ));
    const now = clock.now();
    const [turnId, messageId] = [newId("trn", now), newId("msg", now)];
    const { agent } = this.#parent;
    if (told.callId !== undefined) {
      const metadata = subtaskMetadata({ sessionId: session.id, turnId, agent });
      const caller = above === undefined ? this.#parent.recorder : above.run?.open?.recorder;
      caller?.emit({ type: "tool", update: { callId: told.callId, metadata } });
    }
    const place = { id: newId("prt", now), sessionId: session.id, messageId };
    const asked: PartOf<"text"> = { ...place, type: "text", text: told.prompt };
    const letGo = children.hold(session.id);
    try {
      const started = await retryStorage(this.#deps, () =>
        store.startAgentTurn({
          sessionId: session.id,
          instanceId,
          agent,
          turnId,
          messageId,
          parts: [asked],
          assistantMessageId: newId("msg", now),
          agentSessionId: newId("ags", now),
          actor: this.#actor,
          writes: false,
        }),
      );
      if (started === undefined) throw new Error("its session is archived, or has a turn that runs");
      const account = budget.open();
      const recorder = new Recorder(
        { ...this.#deps, account, onFailure: () => undefined },
        { ...targetOf(started), mask: this.#parent.mask },
      );
      recorder.begin();
      return { recorder, started, letGo };
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /** Whom it was begun by. One that is said to be below itself stands below the turn: nothing waits for itself. */
  #above(childId: string, parentId: string | undefined): Mirror | undefined {
    const seen = new Set([childId]);
    for (let id = parentId; id !== undefined; id = this.#children.get(id)?.parentId) {
      if (seen.has(id)) return undefined;
      seen.add(id);
    }
    return parentId === undefined ? undefined : this.#children.get(parentId);
  }

  /** The same one for the same session of the agent, also of an earlier turn. */
  async #session(above: Session, childId: string, { title }: Began): Promise<Session> {
    const { store, clock } = this.#deps;
    const key = { actorId: TURN_ACTOR.id, method: "CHILD", key: "session", bodyHash: childId };
    const making = {
      ...sessionBelow(above, title, clock.now()),
      actor: this.#actor,
      idempotency: { ...key, route: `/sessions/${above.id}/children/${childId}` },
      mirrors: childId,
      agent: this.#parent.agent,
    };
    return (await retryStorage(this.#deps, () => store.createSession(making))).value;
  }

  #end(mirror: Mirror, record: TerminalRecord): void {
    const { run } = mirror;
    if (run === undefined) return;
    run.isOver = true;
    if (run.isEnded) return;
    run.isEnded = true;
    run.open = undefined;
    mirror.line = run.ready.then((open) => (open === undefined ? undefined : this.#close(open, record)));
  }

  async #close({ recorder, started, letGo }: Open, record: TerminalRecord): Promise<void> {
    const { session, turn, epoch } = started;
    try {
      await recorder.fence(0);
      await recorder.flushed();
      const identity = { sessionId: session.id, turnId: turn.id, epoch, actor: TURN_ACTOR };
      const error = recorder.masked(record.error);
      await finalize(this.#deps, identity, { ...record, error, agentSession: "closed" });
    } catch (error) {
      this.#deps.logger.warn(
        { sessionId: session.id, turnId: turn.id, error },
        "the turn of a session that an agent made could not be ended; the sweeper will do it",
      );
    } finally {
      recorder.close();
      letGo();
    }
  }
}

/** What the end of a turn means for what still runs below it. */
const endBelow = ({ state, reason, error }: TerminalRecord): TerminalRecord =>
  state === "completed" ? { state } : state === "aborted" ? { state, reason, error } : failedBy(error);

/** Only the turn that was asked waits for a limit, or for its agent. */
const failedBy = (error: TerminalRecord["error"]): TerminalRecord => ({
  state: "failed",
  reason: "error",
  error,
});

/** The turn above is another process's now. */
export const LOST: TerminalRecord = { state: "aborted", reason: "interrupted" };

function recordOf({ error, finish, usage }: Ended): TerminalRecord {
  const isAborted = error?.name === "MessageAbortedError";
  const record: TerminalRecord =
    error === undefined
      ? { state: "completed" }
      : isAborted
        ? { state: "aborted", reason: "cancelled", error }
        : failedBy(error);
  return { ...record, usage, ...(finish === undefined ? {} : { finish }) };
}
