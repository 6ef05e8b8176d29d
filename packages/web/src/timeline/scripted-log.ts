/** Logs for the tests of the timeline, made from recorded sessions. */
import type { HoldfastClient, SessionStreamItem, SessionStreamOptions } from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";

/** What a replay has of live events when all turns have ended long ago: the newest entry of each row, and no deltas (D-4, D-14). */
export function thinReplay(events: readonly SessionEvent[]): SessionEvent[] {
  const newest = new Map<string, number>();
  for (const event of events) newest.set(rowOf(event), event.seq);
  return events.filter(
    (event) => event.type !== "message.part.delta" && newest.get(rowOf(event)) === event.seq,
  );
}

function rowOf({ type, seq, data }: SessionEvent): string {
  const [name = "", row] = Object.entries(data).find(([, value]) => isRow(value)) ?? [];
  if (row === undefined) return type === "session.status" ? type : String(seq);
  return `${name} ${(row as { id: string }).id}`;
}

const isRow = (value: unknown): boolean => typeof value === "object" && value !== null && "id" in value;

/** The log of a session in which the first recorded turn happened `times` times. */
export function repeatTurn(recorded: readonly SessionEvent[], times: number): SessionEvent[] {
  const turnId = recorded.find((event) => event.turnId !== undefined)?.turnId;
  const turn = recorded.filter((event) => event.turnId === turnId);
  const length = (turn.at(-1)?.seq ?? 0) + 1;
  const places = new Set(turn.filter(({ type }) => type === "message.updated").map(rowOf)).size;
  const text = JSON.stringify(turn);
  return Array.from({ length: times }, (_, round) => {
    const name = String(round).padStart(5, "0");
    const renamed = text.replaceAll(
      /\b(?:trn|msg|prt|per|inp)_\w+/g,
      (id) => `${id.slice(0, -5)}${name}${id.slice(-5)}`,
    );
    return (JSON.parse(renamed) as SessionEvent[]).map((event) =>
      place(event, round * length, round * places),
    );
  }).flat();
}

function place(event: SessionEvent, seqs: number, ordinals: number): SessionEvent {
  const moved = { ...event, seq: event.seq + seqs, prev: event.prev + seqs };
  if (moved.type !== "message.updated" || moved.data.message.ordinal === undefined) return moved;
  const message = { ...moved.data.message, ordinal: moved.data.message.ordinal + ordinals };
  return { ...moved, data: { message } };
}

/** The live events of a session of one turn as those of an agent that made two steps of it: the second begins behind the first call. */
export function inTwoSteps(events: readonly SessionEvent[]): SessionEvent[] {
  const at = events.findIndex(
    ({ type, data }) =>
      type === "message.part.updated" &&
      "part" in data &&
      data.part.type === "tool" &&
      "time" in data.part.state &&
      "end" in data.part.state.time,
  );
  const [begun, later] = [events.slice(0, at + 1), events.slice(at + 1)];
  const head = begun.findLast(
    (event) => event.type === "message.updated" && event.data.message.role === "assistant",
  );
  const turn = begun.findLast((event) => event.type.startsWith("turn."));
  const last = begun.at(-1);
  if (head?.type !== "message.updated" || turn === undefined || last === undefined)
    throw new Error("The session has no call that ended.");
  const { message } = head.data;
  const second = {
    ...message,
    id: `${message.id.slice(0, -6)}second`,
    ordinal: (message.ordinal ?? 0) + 1,
    step: 2,
  };
  const ended = {
    ...message,
    finish: "tool-calls",
    time: { ...message.time, completed: message.time.created },
  };
  const known = new Set(begun.map(rowOf));
  const moved = (event: SessionEvent): SessionEvent => {
    if (known.has(rowOf(event)) && event.type === "message.part.updated") return event;
    const text = JSON.stringify(event).replaceAll(message.id, second.id);
    const copy = JSON.parse(
      text.replace(`"ordinal":${message.ordinal},"turnId"`, `"ordinal":${second.ordinal},"turnId"`),
    ) as SessionEvent;
    return withAnswers(copy, [message.id, second.id]);
  };
  const between = [
    { ...head, seq: last.seq + 0.25, data: { message: ended } },
    { ...head, seq: last.seq + 0.5, data: { message: second } },
    withAnswers({ ...turn, type: "turn.updated", seq: last.seq + 0.75 } as SessionEvent, [
      message.id,
      second.id,
    ]),
  ] as SessionEvent[];
  return [...begun, ...between, ...later.map(moved)];
}

function withAnswers(event: SessionEvent, assistantMessageIds: string[]): SessionEvent {
  if (!("turn" in event.data)) return event;
  return { ...event, data: { turn: { ...event.data.turn, assistantMessageIds } } } as SessionEvent;
}

/** A server with the log of one session. It counts what was read, and from where. */
export class LogServer implements Pick<HoldfastClient, "streamSession"> {
  readonly reads: { after: number; events: number }[] = [];
  #events: readonly SessionEvent[];
  readonly #wake = new Set<() => void>();
  #resets = 0;

  constructor(events: readonly SessionEvent[]) {
    this.#events = events;
  }

  append(...events: SessionEvent[]): void {
    this.#events = [...this.#events, ...events];
    for (const wake of this.#wake) wake();
  }

  /** Another log under the same session, as after a backup was restored. */
  replace(events: readonly SessionEvent[]): void {
    this.#events = events;
    this.#resets += 1;
    for (const wake of this.#wake) wake();
  }

  async *streamSession({ after = 0, signal }: SessionStreamOptions): AsyncGenerator<SessionStreamItem> {
    const read = { after, events: 0 };
    this.reads.push(read);
    const resets = this.#resets;
    const lastSeq = this.#events.at(-1)?.seq ?? 0;
    yield { kind: "hello", storeId: "store", lastSeq };
    let next = this.#events.findIndex(({ seq }) => seq > after);
    if (next < 0) next = this.#events.length;
    let isLive = false;
    while (!signal.aborted) {
      if (this.#resets !== resets) {
        yield { kind: "reset", reason: "store", lastSeq, state: [] };
        return;
      }
      const event = this.#events[next];
      if (event !== undefined) {
        next += 1;
        read.events += 1;
        yield { kind: "event", event };
      } else if (isLive) await this.#change(signal);
      else {
        isLive = true;
        yield { kind: "caught-up" };
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake.delete(wake);
        resolve();
      };
      this.#wake.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
