/** Shares and refs as the page has them: read once, then kept by the feed of everything; read again when events may have been missed. One store for the page. */
import type { HoldfastClient } from "@holdfast/client";
import type { FeedEvent, Grant, Share } from "@holdfast/protocol";
import { useEffect } from "react";
import { type App, Store, useApp, useStore } from "../data/index.ts";

/** Rows of each list that are read. */
const MOST = 200;

export type Sharing = {
  phase: "loading" | "ready" | "failed";
  error?: string;
  shares: ReadonlyMap<string, Share>;
  grants: ReadonlyMap<string, Grant>;
};

const NOTHING: Sharing = { phase: "loading", shares: new Map(), grants: new Map() };

/** An event of the feed, taken into the lists; others change nothing. Pure. */
export function takeSharing(sharing: Sharing, event: FeedEvent): Sharing {
  const { share, ref } = event.data as { share?: Share; ref?: Grant };
  if (event.type === "share.updated" && share !== undefined)
    return { ...sharing, shares: new Map(sharing.shares).set(share.id, share) };
  if (event.type === "ref.updated" && ref !== undefined)
    return { ...sharing, grants: new Map(sharing.grants).set(ref.id, ref) };
  return sharing;
}

export class SharingStore {
  readonly store = new Store<Sharing>(NOTHING);
  readonly #client: HoldfastClient;
  #reads = 0;

  constructor(client: HoldfastClient) {
    this.#client = client;
  }

  read = async (): Promise<void> => {
    const mine = (this.#reads += 1);
    try {
      const [shares, grants] = await Promise.all([
        this.#client.listShares(),
        this.#client.listRefs({ limit: MOST }),
      ]);
      if (mine !== this.#reads) return;
      this.store.set({
        phase: "ready",
        shares: new Map(shares.items.map((share) => [share.id, share])),
        grants: new Map(grants.items.map((grant) => [grant.id, grant])),
      });
    } catch (error) {
      if (mine !== this.#reads) return;
      this.store.update((now) =>
        now.phase === "ready"
          ? now
          : { ...now, phase: "failed", error: error instanceof Error ? error.message : String(error) },
      );
    }
  };

  take = (event: FeedEvent): void => this.store.update((now) => takeSharing(now, event));

  putShare = (share: Share): void =>
    this.store.update((now) => ({ ...now, shares: new Map(now.shares).set(share.id, share) }));

  putGrant = (grant: Grant): void =>
    this.store.update((now) => ({ ...now, grants: new Map(now.grants).set(grant.id, grant) }));
}

const stores = new WeakMap<App, { store: SharingStore; users: number; stop: () => void }>();

/** The one store of the page, for as long as somebody looks. */
export function useSharing(): { sharing: Sharing; store: SharingStore } {
  const app = useApp();
  const held = heldBy(app);
  useEffect(() => {
    held.users += 1;
    if (held.users === 1) {
      void held.store.read();
      held.stop = app.library.listen(held.store.take, () => void held.store.read());
    }
    return () => {
      held.users -= 1;
      if (held.users === 0) held.stop();
    };
  }, [app, held]);
  return { sharing: useStore(held.store.store), store: held.store };
}

function heldBy(app: App) {
  const kept = stores.get(app);
  if (kept !== undefined) return kept;
  const made = { store: new SharingStore(app.client), users: 0, stop: () => undefined };
  stores.set(app, made);
  return made;
}
