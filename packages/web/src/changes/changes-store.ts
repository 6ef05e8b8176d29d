/**
 * The changes of one workspace as the page has them: a list that was read, then kept by the feed of everything (W-4). The listening begins before the
 * reading, and an event that is newer than the list wins, so that nothing falls between the two. What is known stays on the screen while it is read again.
 */
import {
  type ChangesState,
  changeToRead,
  type HoldfastClient,
  isPassing,
  noChanges,
  reduceChanges,
  withChange,
  withChangeList,
} from "@holdfast/client";
import type { Change, FeedEvent } from "@holdfast/protocol";
import { type App, Store } from "../data/index.ts";

/** Between two tries to read the list, in ms. */
const AGAIN_MS = 2_000;
/** Workspaces whose changes are kept when nobody looks. */
const KEPT = 8;

export type ChangesView = {
  phase: "loading" | "ready" | "failed";
  error?: string;
  state: ChangesState;
  /** The files are looked at. */
  isLooking: boolean;
  /** Revisions that an act of this page brought: they are shown at once, others when they are asked for. */
  adopted: ReadonlyMap<string, number>;
};

export class ChangesStore {
  readonly workspaceId: string;
  readonly view: Store<ChangesView>;
  readonly #client: HoldfastClient;
  readonly #listen: App["library"];
  readonly #loading = new Set<string>();
  /** Events that came while a list is read, and how many are. */
  #meanwhile: FeedEvent[] = [];
  #looks = 0;
  #users = 0;
  #leave: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ client, library }: App, workspaceId: string) {
    this.workspaceId = workspaceId;
    this.#client = client;
    this.#listen = library;
    this.view = new Store<ChangesView>({
      phase: "loading",
      state: noChanges(workspaceId),
      isLooking: false,
      adopted: new Map(),
    });
  }

  /** Keeps the list current until the answer is called; several users share one. */
  follow(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#leave = this.#listen.listen(
        (event) => this.#hear(event),
        () => void this.look(false),
      );
      void this.look(false);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#users -= 1;
      if (this.#users > 0) return;
      clearTimeout(this.#timer);
      this.#leave?.();
    };
  }

  /** Reads the list again; with `refresh` the server looks at the files first. Never rejects. */
  async look(refresh: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#patch({ isLooking: true });
    this.#looks += 1;
    try {
      const list = await this.#client.listChanges(this.workspaceId, refresh ? { refresh } : {});
      const { state } = this.view.get();
      const { error: _gone, ...view } = this.view.get();
      this.view.set({
        ...view,
        phase: "ready",
        state: withChangeList(state, list, this.#meanwhile),
        isLooking: false,
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { phase } = this.view.get();
      this.#patch({ isLooking: false, phase: phase === "ready" ? phase : "failed", error: message });
      if (this.#users > 0 && isPassing(error))
        this.#timer = setTimeout(() => void this.look(refresh), AGAIN_MS);
    } finally {
      this.#looks -= 1;
      if (this.#looks === 0) this.#meanwhile = [];
    }
  }

  /** Reads the whole patch of one change. Rejects as the client does. */
  async loadPatch(id: string): Promise<void> {
    if (this.#loading.has(id)) return;
    this.#loading.add(id);
    try {
      this.put([await this.#client.getChange(this.workspaceId, id)]);
    } finally {
      this.#loading.delete(id);
    }
  }

  /** What an answer brought; `isOwn`: it came of an act of this page. */
  put(changes: readonly Change[], isOwn = false): void {
    const view = this.view.get();
    const adopted = new Map(view.adopted);
    if (isOwn) for (const { id, revision } of changes) adopted.set(id, revision);
    this.view.set({ ...view, adopted, state: changes.reduce(withChange, view.state) });
  }

  #hear(event: FeedEvent): void {
    const state = reduceChanges(this.view.get().state, event);
    if (this.#looks > 0 && event.type === "change.updated") this.#meanwhile.push(event);
    this.#patch({ state });
    const large = changeToRead(state, event);
    if (large !== undefined) void this.loadPatch(large).catch(() => this.look(false));
  }

  #patch(change: Partial<ChangesView>): void {
    const view = this.view.get();
    const isSame = Object.entries(change).every(([key, value]) => view[key as keyof ChangesView] === value);
    if (!isSame) this.view.set({ ...view, ...change });
  }
}

const stores = new WeakMap<App, Map<string, ChangesStore>>();

/** The store of a workspace; the same for everybody on this page. Those that were used longest ago are forgotten. */
export function changesOf(app: App, workspaceId: string): ChangesStore {
  const known = stores.get(app) ?? new Map<string, ChangesStore>();
  stores.set(app, known);
  const store = known.get(workspaceId) ?? new ChangesStore(app, workspaceId);
  known.delete(workspaceId);
  known.set(workspaceId, store);
  for (const id of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(id);
  }
  return store;
}
