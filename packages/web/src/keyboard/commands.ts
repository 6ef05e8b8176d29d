/** What can be done from anywhere: one table for the palette, the keys and the help (I-16). No key that a browser keeps for itself. */
import type { App } from "../data/index.ts";
import { prefer, preferences } from "../data/index.ts";
import { currentRoute, navigate, sessionOf } from "../route/index.ts";

export type Command = {
  id: string;
  title: string;
  /** Keys, in the browser's words: `mod` is Ctrl or ⌘. Keys without `mod` do nothing while somebody writes. */
  keys?: string;
  run: (app: App) => void;
};

export const COMMANDS: readonly Command[] = [
  { id: "new", title: "New session", keys: "c", run: () => navigate({ at: "new" }) },
  { id: "inbox", title: "Inbox", keys: "i", run: () => navigate({ at: "inbox" }) },
  { id: "next", title: "Next tab", keys: "]", run: () => step(1) },
  { id: "previous", title: "Previous tab", keys: "[", run: () => step(-1) },
  { id: "filter", title: "Filter sessions", keys: "/", run: () => focus('input[type="search"]') },
  { id: "write", title: "Write a message", keys: "m", run: () => focus('[aria-label="Message"]') },
  { id: "timeline", title: "Timeline of the session, and back to now", keys: "t", run: toggleTimeline },
  { id: "changes", title: "Changes of the session, and back", keys: "d", run: toggleChanges },
  { id: "stop", title: "Stop the turn", keys: "mod+.", run: stopTurn },
  { id: "archive", title: "Archive of sessions", run: () => navigate({ at: "archive" }) },
  { id: "agents", title: "Agents: what runs, and what there is", run: () => navigate({ at: "agents" }) },
  { id: "worktrees", title: "Worktrees and projects", run: () => navigate({ at: "worktrees" }) },
  {
    id: "shares",
    title: "Shares and links: what others can see or do",
    run: () => navigate({ at: "shares" }),
  },
  { id: "settings", title: "Settings", run: () => navigate({ at: "settings" }) },
  { id: "light", title: "Theme: light", run: () => prefer({ theme: "light" }) },
  { id: "dark", title: "Theme: dark", run: () => prefer({ theme: "dark" }) },
  { id: "system", title: "Theme: as the system", run: () => prefer({ theme: "system" }) },
];

/** Keys of the palette and of the help themselves. */
export const PALETTE_KEYS = "mod+k";
export const HELP_KEYS = "?";

function step(by: number): void {
  const { tabs } = preferences.get();
  const current = sessionOf(currentRoute());
  const at = current === undefined ? -1 : tabs.indexOf(current);
  const next = tabs[(at + by + tabs.length) % tabs.length];
  if (next !== undefined) navigate({ at: "session", sessionId: next });
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

function toggleTimeline(): void {
  const route = currentRoute();
  const sessionId = sessionOf(route);
  if (sessionId === undefined) return;
  navigate({ at: route.at === "timeline" ? "session" : "timeline", sessionId });
}

function toggleChanges(): void {
  const route = currentRoute();
  const sessionId = sessionOf(route);
  if (sessionId !== undefined) navigate({ at: route.at === "changes" ? "session" : "changes", sessionId });
}

function stopTurn(app: App): void {
  const current = sessionOf(currentRoute());
  if (current === undefined) return;
  const turns = Object.values(app.session(current).view.get().state.turns);
  const running = turns.find(({ state }) => state === "running");
  if (running !== undefined) void app.client.cancelTurn(running.id).catch(() => undefined);
}
