import { Store } from "./store.ts";

/** What this browser remembers of its user's taste; nothing the server must know. */
export type Preferences = {
  theme: "system" | "light" | "dark";
  grouping: "project" | "status" | "date";
  /** Sessions as tabs, in their order. */
  tabs: string[];
  isSidebarOpen: boolean;
  /** Groups of the list that are folded, by grouping and name. */
  folded: string[];
  notify: { attention: boolean; finished: boolean; sound: boolean };
  /** Enter sends, or Ctrl/Cmd+Enter does. */
  sendWith: "enter" | "mod+enter";
  lastAgent?: string;
  lastDirectory?: string;
};

const KEY = "holdfast.preferences";
const DEFAULTS: Preferences = {
  theme: "system",
  grouping: "project",
  tabs: [],
  isSidebarOpen: true,
  folded: [],
  notify: { attention: false, finished: false, sound: false },
  sendWith: "enter",
};

export const preferences = new Store<Preferences>(read());

/** Changes some preferences, here and in every other window of this browser. */
export function prefer(change: Partial<Preferences>): void {
  preferences.update((current) => ({ ...current, ...change }));
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences.get()));
  } catch {
    // A full or forbidden storage costs the memory of a taste, no more.
  }
}

// Where documents are written (S-12) there is no window, and nobody prefers anything.
if (typeof window !== "undefined")
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) preferences.set(read());
  });

/** Kept preferences over the defaults; what is not of the right kind is dropped. */
function read(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof kept !== "object" || kept === null) return DEFAULTS;
    const known = Object.entries(kept).filter(
      ([name, value]) => !(name in DEFAULTS) || typeof value === typeof DEFAULTS[name as keyof Preferences],
    );
    return { ...DEFAULTS, ...Object.fromEntries(known) };
  } catch {
    return DEFAULTS;
  }
}
