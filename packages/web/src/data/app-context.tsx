import { createClient, type HoldfastClient } from "@holdfast/client";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { browserTabs } from "../windows/index.ts";
import { ConnectionMonitor } from "./connection.ts";
import { LibraryStore } from "./library.ts";
import { LiveSession, type LiveView } from "./live-session.ts";
import { type Occasion, reactionTo } from "./reconnect.ts";
import { SessionStreams } from "./session-streams.ts";
import { useStore } from "./store.ts";

/** A hidden page keeps its sessions' streams this long, in ms: a browser allows few connections, and other windows want them. */
const HIDDEN_GRACE_MS = 5_000;
/** A gap this long between two ticks of a second means that the machine slept, in ms. */
const SLEEP_GAP_MS = 8_000;
/** Sessions kept in memory when nobody looks, so that going back is instant. */
const KEPT_SESSIONS = 8;

/** All that views reach the server through: one client, one monitor, one library, one LiveSession per session. */
export class App {
  readonly client: HoldfastClient;
  readonly monitor = new ConnectionMonitor();
  readonly library: LibraryStore;
  readonly #streams: SessionStreams;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #used = new Set<string>();
  #isResting = false;

  constructor(token: string) {
    this.client = createClient({ url: window.location.origin, token });
    const tabs = browserTabs();
    this.library = new LibraryStore(this.client, tabs, this.monitor);
    this.#streams = new SessionStreams(this.client, tabs);
  }

  /** Starts the streams, and lets them rest and wake with the page. Answers how to end it. */
  start(): () => void {
    this.library.start();
    const ends = [this.#watchVisibility(), this.#watchSleep()];
    const online = () => this.#react("online");
    window.addEventListener("online", online);
    return () => {
      window.removeEventListener("online", online);
      for (const end of ends) end();
    };
  }

  /** Makes all streams anew from their cursors, at once: somebody wants it. */
  wake(): void {
    this.#react("asked");
  }

  #react(occasion: Occasion): void {
    const connection = this.monitor.store.get().state;
    const reaction = reactionTo(occasion, {
      connection,
      isHidden: document.hidden,
      isResting: this.#isResting,
    });
    if (reaction === "none") return;
    this.library.wake(reaction === "lead");
    if (this.#isResting && document.hidden) return;
    for (const session of this.#sessions.values()) session.wake(reaction === "lead");
  }

  session(id: string): LiveSession {
    const kept = this.#sessions.get(id);
    if (kept !== undefined) return kept;
    const made = new LiveSession(id, this.client, this.#streams, this.monitor);
    this.#sessions.set(id, made);
    return made;
  }

  /** Follows a session; the answer ends it. What nobody follows any more is forgotten, the oldest first. */
  follow(id: string): () => void {
    const leave = this.session(id).follow();
    this.#used.delete(id);
    this.#used.add(id);
    for (const old of this.#used) {
      if (this.#used.size <= KEPT_SESSIONS) break;
      this.#used.delete(old);
      if (old !== id) this.#sessions.delete(old);
    }
    return leave;
  }

  #watchVisibility(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const change = () => {
      clearTimeout(timer);
      if (document.hidden) {
        timer = setTimeout(() => {
          this.#isResting = true;
          for (const session of this.#sessions.values()) session.rest();
        }, HIDDEN_GRACE_MS);
        return;
      }
      this.#react("seen");
      this.#isResting = false;
    };
    document.addEventListener("visibilitychange", change);
    if (document.hidden) change();
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", change);
    };
  }

  /** After sleep sockets look alive and are dead: do not wait for the silence to be noticed. */
  #watchSleep(): () => void {
    let last = Date.now();
    const timer = setInterval(() => {
      const now = Date.now();
      if (now - last > SLEEP_GAP_MS) this.#react("slept");
      last = now;
    }, 1_000);
    return () => clearInterval(timer);
  }
}

const AppContext = createContext<App | undefined>(undefined);

export function AppProvider({ app, children }: { app: App; children: ReactNode }) {
  useEffect(() => app.start(), [app]);
  return <AppContext value={app}>{children}</AppContext>;
}

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error("useApp is used outside of AppProvider");
  return app;
}

/** The client, for commands. */
export const useClient = (): HoldfastClient => useApp().client;

export const useLibrary = () => useStore(useApp().library.store);
export const useConnection = () => useStore(useApp().monitor.store);

/** Follows a session for as long as the component is there. */
export function useLiveSession(id: string): { live: LiveSession; view: LiveView } {
  const app = useApp();
  const live = app.session(id);
  useEffect(() => app.follow(id), [app, id]);
  return { live, view: useStore(live.view) };
}

/** The time, renewed every `everyMs`; for ages and durations. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
