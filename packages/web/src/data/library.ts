/**
 * All sessions and everything that waits for a person, over all of them: read once, then kept by the feed of everything (I-15).
 * The feed's cursor is taken before the lists are read, so that nothing falls between the two; what comes twice changes nothing.
 */
import { type HoldfastClient, isApiError, isPassing } from "@holdfast/client";
import {
  type Agent,
  type FeedEvent,
  hasPausedQueue,
  type ModelList,
  type Permission,
  type Project,
  type Question,
  type Session,
} from "@holdfast/protocol";
import type { Tabs } from "../windows/index.ts";
import type { ConnectionMonitor } from "./connection.ts";
import { FrameBatch } from "./frame-batch.ts";
import { ListFeed, type FeedPosition } from "./list-feed.ts";
import { retryMs } from "./reconnect.ts";
import { pause } from "./retry.ts";
import { Store } from "./store.ts";

const PAGE = 200;
/** Sessions that are read at start; the lists say how many older ones there were. */
const FIRST_SESSIONS = 1_000;
const FEED = "library";

export type Library = {
  phase: "loading" | "ready";
  sessions: ReadonlyMap<string, Session>;
  archived: ReadonlyMap<string, Session> | undefined;
  /** Older ones that the server had when the lists were read, and that are not in them. */
  older: { sessions: number; archived: number };
  projects: ReadonlyMap<string, Project>;
  permissions: ReadonlyMap<string, Permission>;
  questions: ReadonlyMap<string, Question>;
  agents: readonly Agent[] | undefined;
  /** Those that native agents can be asked for. */
  models: ModelList | undefined;
};

const EMPTY: Library = {
  phase: "loading",
  sessions: new Map(),
  archived: undefined,
  older: { sessions: 0, archived: 0 },
  projects: new Map(),
  permissions: new Map(),
  questions: new Map(),
  agents: undefined,
  models: undefined,
};

/** How many things wait for somebody, over all sessions. */
export const waitingCount = ({ permissions, questions, sessions }: Library): number =>
  permissions.size + questions.size + [...sessions.values()].filter(hasPausedQueue).length;

/** Events that a listener wants beside the state, such as for notifications. They come in order, after the state has them. */
export type FeedListener = (event: FeedEvent) => void;

export class LibraryStore {
  readonly store = new Store<Library>(EMPTY);
  readonly #client: HoldfastClient;
  readonly #feed: ListFeed;
  readonly #monitor: ConnectionMonitor;
  readonly #listeners = new Set<FeedListener>();
  readonly #rereaders = new Set<() => void>();
  readonly #batch = new FrameBatch(() => this.#take());
  #pending: FeedEvent[] = [];
  #stop: AbortController | undefined;
  #cursor: FeedPosition | undefined;

  constructor(client: HoldfastClient, tabs: Tabs, monitor: ConnectionMonitor) {
    this.#client = client;
    this.#feed = new ListFeed(client, tabs);
    this.#monitor = monitor;
  }

  /** `isLeading`: this window connects for all, whoever did before. */
  start(isLeading = false): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    void this.#run(stop.signal, isLeading).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      if (isApiError(error, "UNAUTHENTICATED")) this.#monitor.refuse();
      else this.#monitor.fail(error instanceof Error ? error.message : String(error));
    });
  }

  /** Makes the feed anew from its cursor, at once. */
  wake(isLeading: boolean): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.start(isLeading);
  }

  /** `onGap`: events may have been missed, and whatever was built from them must be read again. */
  listen(listener: FeedListener, onGap?: () => void): () => void {
    this.#listeners.add(listener);
    if (onGap !== undefined) this.#rereaders.add(onGap);
    return () => {
      this.#listeners.delete(listener);
      if (onGap !== undefined) this.#rereaders.delete(onGap);
    };
  }

  /** Reads the agents and their models again; their state is not an event. */
  async refreshAgents(): Promise<void> {
    const [{ items }, models] = await Promise.all([this.#client.listAgents(), this.#client.listModels()]);
    this.store.update((library) => ({ ...library, agents: items, models }));
  }

  /** Reads the archived sessions; from then on the feed keeps them. */
  async openArchive(): Promise<void> {
    const { found, older } = await this.#sessions({ archived: true });
    this.store.update((library) => ({
      ...library,
      archived: found,
      older: { ...library.older, archived: older },
    }));
  }

  /** Puts a row that an answer brought, before its event comes. */
  put(session: Session): void {
    this.store.update((library) => putSession(library, session));
  }

  putProject(project: Project): void {
    this.store.update((library) => putProject(library, project));
  }

  async #run(signal: AbortSignal, isLeading: boolean): Promise<void> {
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        if (!(await this.#follow(signal, isLeading && tries === 0))) return;
        tries = 0;
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        this.#monitor.bad(FEED);
        await pause(retryMs(tries + 1), signal);
      }
      this.#cursor = undefined;
    }
  }

  /** Follows the feed; resolves true when everything must be read again. */
  async #follow(signal: AbortSignal, isLeading: boolean): Promise<boolean> {
    const own = new AbortController();
    signal.addEventListener("abort", () => own.abort(), { once: true });
    let mustRead = this.#cursor === undefined;
    let storeId = this.#cursor?.storeId ?? "";
    try {
      for await (const item of this.#feed.follow(this.#cursor, own.signal, isLeading)) {
        if (signal.aborted) return false;
        if (item.kind === "disconnected") {
          this.#monitor.bad(FEED);
          continue;
        }
        this.#monitor.good(FEED);
        if (item.kind === "reset") return true;
        if (item.kind === "hello") {
          storeId = item.storeId;
          if (mustRead) {
            mustRead = false;
            if (item.lastId !== undefined) this.#cursor = { id: item.lastId, storeId };
            await this.#read(signal);
          }
        }
        if (item.kind === "event") {
          this.#cursor = { id: item.id, storeId };
          this.#pending.push(item.event);
          this.#batch.request();
        }
      }
    } finally {
      own.abort();
    }
    return false;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const [sessions, projects, permissions, questions, agents, models] = await Promise.all([
      this.#sessions({}),
      this.#client.listProjects({ signal }),
      this.#client.listPermissions({ state: "pending" }, { signal }),
      this.#client.listQuestions({ state: "pending" }, { signal }),
      this.#client.listAgents({ signal }),
      this.#client.listModels({ signal }),
    ]);
    this.store.update((library) => ({
      ...library,
      phase: "ready",
      sessions: sessions.found,
      older: { ...library.older, sessions: sessions.older },
      projects: new Map(projects.items.map((item) => [item.id, item])),
      permissions: new Map(permissions.items.map((item) => [item.id, item])),
      questions: new Map(questions.items.map((item) => [item.id, item])),
      agents: agents.items,
      models,
    }));
    for (const reread of this.#rereaders) reread();
    if (this.store.get().archived !== undefined) await this.openArchive();
  }

  async #sessions(query: { archived?: boolean }): Promise<{ found: Map<string, Session>; older: number }> {
    const found = new Map<string, Session>();
    let before: string | undefined;
    let total = 0;
    do {
      const page = await this.#client.listSessions({
        ...query,
        limit: PAGE,
        ...(before === undefined ? {} : { before }),
      });
      for (const session of page.items) found.set(session.id, session);
      before = page.next;
      total = page.total;
    } while (before !== undefined && found.size < FIRST_SESSIONS);
    return { found, older: before === undefined ? 0 : Math.max(0, total - found.size) };
  }

  #take(): void {
    const events = this.#pending;
    this.#pending = [];
    this.store.update((library) => events.reduce(take, library));
    for (const event of events) for (const listener of this.#listeners) listener(event);
  }
}

/** One event of the feed, taken into the lists. Pure. */
export function take(library: Library, event: FeedEvent): Library {
  const data = event.data as Record<string, unknown>;
  switch (event.type) {
    case "session.created":
    case "session.updated":
      return putSession(library, data["session"] as Session);
    case "project.updated":
      return putProject(library, data["project"] as Project);
    case "session.deleted":
      return dropSession(library, event.sessionId ?? (data["sessionId"] as string));
    case "session.status": {
      const session = library.sessions.get(event.sessionId ?? "");
      if (session === undefined) return library;
      const { retry: _before, ...rest } = session;
      const { status, retry } = data as Pick<Session, "status" | "retry">;
      return putSession(library, retry === undefined ? { ...rest, status } : { ...rest, status, retry });
    }
    case "permission.asked":
    case "permission.replied":
    case "permission.expired": {
      const permission = data["permission"] as Permission;
      return { ...library, permissions: keepPending(library.permissions, permission) };
    }
    case "question.asked":
    case "question.replied":
    case "question.expired": {
      const question = data["question"] as Question;
      return { ...library, questions: keepPending(library.questions, question) };
    }
    default:
      return library;
  }
}

const putProject = (library: Library, project: Project): Library => ({
  ...library,
  projects: new Map(library.projects).set(project.id, project),
});

function putSession(library: Library, session: Session): Library {
  const isArchived = session.time.archived !== undefined;
  const sessions = new Map(library.sessions);
  const archived = library.archived === undefined ? undefined : new Map(library.archived);
  if (isArchived) {
    sessions.delete(session.id);
    archived?.set(session.id, session);
  } else {
    sessions.set(session.id, session);
    archived?.delete(session.id);
  }
  return { ...library, sessions, archived };
}

function dropSession(library: Library, id: string): Library {
  const sessions = new Map(library.sessions);
  const archived = library.archived === undefined ? undefined : new Map(library.archived);
  sessions.delete(id);
  archived?.delete(id);
  const others = <T extends { sessionId: string }>(items: ReadonlyMap<string, T>) =>
    new Map([...items].filter(([, item]) => item.sessionId !== id));
  return {
    ...library,
    sessions,
    archived,
    permissions: others(library.permissions),
    questions: others(library.questions),
  };
}

function keepPending<T extends { id: string; state: string }>(
  items: ReadonlyMap<string, T>,
  item: T,
): ReadonlyMap<string, T> {
  const next = new Map(items);
  if (item.state === "pending") next.set(item.id, item);
  else next.delete(item.id);
  return next;
}
