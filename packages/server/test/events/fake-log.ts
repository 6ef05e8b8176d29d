import { isMessageEvent, type SessionId, type WorkspaceId } from "@holdfast/protocol";
import type { EventStore } from "../../src/events/index.ts";
import type { CommittedEvent, FeedOrder, FeedPosition, ReplayPage } from "../../src/store/index.ts";

export const SESSION = "ses_00000000000000000000000001" as SessionId;
export const WORKSPACE = "wsp_00000000000000000000000001" as WorkspaceId;

type Entry = { event: CommittedEvent; row: string | undefined };

/** Positions as an engine may have them: two numbers, with holes between them. */
type Pair = [number, number];
const position = (pair: Pair): FeedPosition => pair as unknown as FeedPosition;
const pairOf = (given: FeedPosition): Pair => given as unknown as Pair;

/** What is awaited before a read answers, so that commits can fall between any two reads. */
type Pause = () => Promise<void>;

const typeOf = (row: string) => (row.startsWith("list") ? "session.updated" : "message.updated");

/**
 * The event side of a store in memory: rows whose older entries are superseded, deltas that are not, and a listener that may hear of a
 * commit later than a read sees it.
 */
export class FakeLog implements EventStore {
  storeId = "store-one-0123456789";
  readonly feedOrder: FeedOrder = {
    start: position([0, 0]),
    isAfter(one, other) {
      const [[a, b], [c, d]] = [pairOf(one), pairOf(other)];
      return a > c || (a === c && b > d);
    },
    format: (given) => pairOf(given).join("-"),
    parse(text) {
      const [, a, b] = /^(\d+)-(\d+)$/.exec(text) ?? [];
      return a === undefined || b === undefined ? undefined : position([Number(a), Number(b)]);
    },
  };
  readonly entries: Entry[] = [];
  pause: Pause = () => Promise.resolve();
  trimmed = 0;
  /** Most rows of a page, so that a short log has many pages. */
  pageRows = 500;
  isDeleted = false;
  readonly #listeners = new Set<(events: CommittedEvent[]) => void>();
  #unheard: CommittedEvent[][] = [];

  /** Commits one group: a name is a row's new state, `undefined` a delta. Rows whose name begins with `list` belong to no transcript. */
  commit(rows: readonly (string | undefined)[], type?: CommittedEvent["type"]): void {
    const events = rows.map((row) => {
      const seq = this.entries.length + 1;
      const event: CommittedEvent = {
        position: position([seq >> 2, (seq % 4) * 10]),
        type: row === undefined ? "message.part.delta" : (type ?? typeOf(row)),
        version: 1,
        time: 1_700_000_000_000 + seq,
        workspaceId: WORKSPACE,
        sessionId: SESSION,
        seq,
        data: JSON.stringify({ row, revision: seq }),
      };
      this.entries.push({ event, row });
      return event;
    });
    this.#unheard.push(events);
  }

  /** Tells the listeners of the oldest commit they have not heard of. */
  announceNext(): void {
    const events = this.#unheard.shift();
    if (events !== undefined) for (const listener of this.#listeners) listener(events);
  }

  /** Commits and tells at once. */
  publish(rows: readonly (string | undefined)[], type?: CommittedEvent["type"]): void {
    this.commit(rows, type);
    while (this.#unheard.length > 0) this.announceNext();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  onCommit(listener: (events: CommittedEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async lastSeq(id: SessionId): Promise<number | undefined> {
    await this.pause();
    return id === SESSION && !this.isDeleted ? this.entries.length : undefined;
  }

  async trimmedSeq(): Promise<number> {
    await this.pause();
    return this.trimmed;
  }

  async lastPosition(): Promise<FeedPosition> {
    await this.pause();
    return this.entries.at(-1)?.event.position ?? this.feedOrder.start;
  }

  async getWorkspace(id: WorkspaceId): Promise<Awaited<ReturnType<EventStore["getWorkspace"]>>> {
    await this.pause();
    if (id !== WORKSPACE) return undefined;
    return {
      id,
      projectId: "prj_00000000000000000000000001" as never,
      kind: "directory",
      directory: "/",
      concurrency: "exclusive",
      time: { created: 0 },
    };
  }

  replaySession(query: { after: number; limit: number }): Promise<ReplayPage<number>> {
    const at = (event: CommittedEvent): number => event.seq ?? 0;
    return this.#replay(at, (event) => at(event) > query.after, query);
  }

  async replayFeed(query: {
    messages?: boolean;
    after: FeedPosition;
    limit: number;
  }): Promise<ReplayPage<FeedPosition>> {
    const isNewer = (event: CommittedEvent): boolean => this.feedOrder.isAfter(event.position, query.after);
    const page = await this.#replay((event) => event.position, isNewer, query);
    if (query.messages !== false) return page;
    return { ...page, events: page.events.filter(({ type }) => !isMessageEvent(type)) };
  }

  async #replay<P>(
    at: (event: CommittedEvent) => P,
    isNewer: (event: CommittedEvent) => boolean,
    query: { after: P; limit: number },
  ): Promise<ReplayPage<P>> {
    await this.pause();
    const limit = Math.min(query.limit, this.pageRows);
    const scanned = this.entries.filter(({ event }) => isNewer(event)).slice(0, limit);
    const newest = new Map(this.entries.map((entry) => [entry.row, entry.event]));
    const events = scanned
      .filter(
        ({ event, row }) =>
          (row === undefined || newest.get(row) === event) && (event.seq ?? 0) > this.trimmed,
      )
      .map(({ event }) => event);
    const last = scanned.at(-1)?.event;
    const page = {
      events,
      through: last === undefined ? query.after : at(last),
      done: scanned.length < limit,
    };
    await this.pause();
    return page;
  }
}
