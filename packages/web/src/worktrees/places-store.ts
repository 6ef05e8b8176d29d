/**
 * Worktrees and workspaces as the page has them: read once, then kept by the feed of everything. One store for the page; it lives as long as somebody
 * looks, and is read again when somebody looks anew.
 */
import { type HoldfastClient, isPassing, reduceWorktrees } from "@holdfast/client";
import type { FeedEvent, Workspace, Worktree } from "@holdfast/protocol";
import { useEffect } from "react";
import { type App, Store, useApp, useStore } from "../data/index.ts";

/** Between two tries to read, in ms. */
const AGAIN_MS = 2_000;

export type Places = {
  phase: "loading" | "ready" | "failed";
  error?: string;
  worktrees: ReadonlyMap<string, Worktree>;
  /** As far as they were told of; their list is nobody's. */
  workspaces: ReadonlyMap<string, Workspace>;
};

const NOTHING: Places = {
  phase: "loading",
  worktrees: new Map(),
  workspaces: new Map(),
};

class PlacesStore {
  readonly view = new Store<Places>(NOTHING);
  readonly #client: HoldfastClient;
  readonly #library: App["library"];
  #users = 0;
  #leave: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ client, library }: App) {
    this.#client = client;
    this.#library = library;
  }

  /** Keeps it current until the answer is called. */
  follow(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#leave = this.#library.listen(
        (event) => this.view.update((places) => take(places, event)),
        () => void this.read(),
      );
      void this.read();
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

  /** Never rejects. */
  async read(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const { items } = await this.#client.listWorktrees();
      this.view.update(({ error: _gone, ...places }) => ({
        ...places,
        phase: "ready",
        worktrees: items.reduce(putWorktree, new Map<string, Worktree>(places.worktrees)),
      }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.view.update((places) => ({
        ...places,
        phase: places.phase === "ready" ? "ready" : "failed",
        error: message,
      }));
      if (this.#users > 0 && isPassing(error)) this.#timer = setTimeout(() => void this.read(), AGAIN_MS);
    }
  }

  /** Reads a workspace that is not known yet. Never rejects. */
  async readWorkspace(id: string): Promise<void> {
    const workspace = await this.#client.getWorkspace(id).catch(() => undefined);
    if (workspace !== undefined) this.putWorkspace(workspace);
  }

  putWorkspace(workspace: Workspace): void {
    this.view.update((places) => ({
      ...places,
      workspaces: new Map(places.workspaces).set(workspace.id, workspace),
    }));
  }

  putWorktree(worktree: Worktree): void {
    this.view.update((places) => ({
      ...places,
      worktrees: putWorktree(new Map(places.worktrees), worktree),
    }));
  }
}

/** An answer or an event may come after a newer one. */
function putWorktree(known: Map<string, Worktree>, worktree: Worktree): Map<string, Worktree> {
  const before = known.get(worktree.id);
  if (before === undefined || before.time.updated <= worktree.time.updated) known.set(worktree.id, worktree);
  return known;
}

/** One event of the feed. Pure. */
export function take(places: Places, event: FeedEvent): Places {
  const data = event.data as { workspace?: Workspace };
  const worktrees = reduceWorktrees(places.worktrees, event);
  if (worktrees !== places.worktrees) return { ...places, worktrees };
  if (event.type === "workspace.updated" && data.workspace !== undefined)
    return { ...places, workspaces: new Map(places.workspaces).set(data.workspace.id, data.workspace) };
  return places;
}

const stores = new WeakMap<App, PlacesStore>();

function storeOf(app: App): PlacesStore {
  const store = stores.get(app) ?? new PlacesStore(app);
  stores.set(app, store);
  return store;
}

/** Worktrees and workspaces, kept current for as long as the component is there. */
export function usePlaces(): { places: Places; store: PlacesStore } {
  const store = storeOf(useApp());
  useEffect(() => store.follow(), [store]);
  return { places: useStore(store.view), store };
}

/** A workspace and, of kind `worktree`, its worktree, once they are known. */
export function useWorkspace(id: string): {
  workspace: Workspace | undefined;
  worktree: Worktree | undefined;
  store: PlacesStore;
} {
  const { places, store } = usePlaces();
  const workspace = places.workspaces.get(id);
  const isKnown = workspace !== undefined;
  useEffect(() => {
    if (!isKnown) void store.readWorkspace(id);
  }, [store, id, isKnown]);
  const worktree = [...places.worktrees.values()].find(({ workspaceId }) => workspaceId === id);
  return { workspace, worktree, store };
}
