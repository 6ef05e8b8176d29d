import { visibleText } from "@holdfast/protocol";
import { Bot, Inbox, Menu, Plus, Settings } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { dropAccess, useConnection, useLibrary, waitingCount } from "../data/index.ts";
import { Count, IconButton, Skeleton } from "../design/index.ts";
import { Notifier } from "../notify/index.ts";
import { Keyboard } from "../palette/index.ts";
import { Link, navigate, type Route, sessionOf, useRoute } from "../route/index.ts";
import { SessionList } from "../session-list/index.ts";
import { ConnectionBar } from "./connection-bar.tsx";
import { Door } from "./door.tsx";
import { Tabs } from "./tabs.tsx";

const SessionView = lazy(async () => ({ default: (await import("../session-view/index.ts")).SessionView }));
const Welcome = lazy(async () => ({ default: (await import("../welcome/index.ts")).Welcome }));
const InboxView = lazy(async () => ({ default: (await import("../inbox/index.ts")).InboxView }));
const SettingsView = lazy(async () => ({ default: (await import("../settings/index.ts")).SettingsView }));
const TimelineView = lazy(async () => ({ default: (await import("../timeline/index.ts")).TimelineView }));
const AgentsView = lazy(async () => ({ default: (await import("../agents/index.ts")).AgentsView }));
const WorktreesView = lazy(async () => ({
  default: (await import("../worktrees/index.ts")).WorktreesView,
}));
const SharesView = lazy(async () => ({ default: (await import("../sharing/index.ts")).SharesView }));
const ArchiveView = lazy(async () => ({ default: (await import("../archive/index.ts")).ArchiveView }));

/** The frame of the page: the list of sessions at the side (a drawer on a phone), tabs on top, one view. */
export function Shell() {
  const route = useRoute();
  const connection = useConnection();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  useTitle();
  useEffect(() => setDrawerOpen(false), [route]);
  useEffect(() => {
    if (connection.state === "refused") dropAccess();
  }, [connection.state]);
  if (connection.state === "refused") return <Door refused="revoked" />;

  return (
    <div className="flex h-dvh flex-col bg-canvas pb-[env(safe-area-inset-bottom)] md:flex-row">
      <a
        href="#main"
        className="sr-only rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:absolute focus:z-50 focus:m-2"
      >
        Skip to the session
      </a>
      <Keyboard />
      <Notifier />
      <Sidebar isDrawerOpen={isDrawerOpen} onClose={() => setDrawerOpen(false)} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line px-2 md:h-11">
          <IconButton label="Sessions" className="md:hidden" onClick={() => setDrawerOpen(true)}>
            <Menu size={18} />
          </IconButton>
          <Tabs />
          <InboxButton />
        </header>
        <ConnectionBar />
        <main
          id="main"
          tabIndex={-1}
          className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface outline-none"
        >
          <Suspense fallback={<Loading />}>{viewOf(route)}</Suspense>
        </main>
      </div>
    </div>
  );
}

function viewOf(route: Route): ReactNode {
  switch (route.at) {
    case "session":
    case "changes":
      return <SessionView key={route.sessionId} route={route} />;
    case "timeline":
      return <TimelineView key={route.sessionId} route={route} />;
    case "home":
    case "new":
      return <Welcome route={route} />;
    case "inbox":
      return <InboxView />;
    case "settings":
      return <SettingsView section={route.section} />;
    case "agents":
      return <AgentsView />;
    case "worktrees":
      return <WorktreesView />;
    case "shares":
      return <SharesView />;
    case "archive":
      return <ArchiveView />;
    case "guest":
    case "unknown":
      return <Nowhere path={route.at === "guest" ? "/l" : route.path} />;
  }
}

function Nowhere({ path }: { path: string }) {
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-3 p-6 text-center">
      <h1 className="text-lg font-semibold">There is nothing at this address</h1>
      <p className="max-w-full truncate font-mono text-sm text-ink-soft">{path}</p>
      <Link to={{ at: "home" }} className="text-sm font-medium text-accent underline">
        To the start
      </Link>
    </div>
  );
}

function Loading() {
  return (
    <div className="mx-auto w-full max-w-3xl p-6">
      <Skeleton lines={5} />
    </div>
  );
}

function Sidebar({ isDrawerOpen, onClose }: { isDrawerOpen: boolean; onClose: () => void }) {
  useEffect(() => {
    if (!isDrawerOpen) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    window.addEventListener("keydown", close);
    return () => window.removeEventListener("keydown", close);
  }, [isDrawerOpen, onClose]);
  return (
    <>
      {isDrawerOpen && (
        <div aria-hidden className="fixed inset-0 z-30 bg-scrim md:hidden" onClick={onClose} />
      )}
      <nav
        aria-label="Sessions"
        className={`${isDrawerOpen ? "fixed inset-y-0 left-0 z-40 flex w-80 max-w-[85vw] shadow-float" : "hidden"} flex-col border-r border-line bg-canvas md:static md:flex md:w-72 md:shadow-none`}
      >
        <div className="flex h-12 shrink-0 items-center gap-1 px-2 md:h-11">
          <Link to={{ at: "home" }} className="flex items-center gap-2 rounded-md px-1.5 py-1 font-semibold">
            <img src="/icon.svg" alt="" className="size-5" />
            Holdfast
          </Link>
          <div className="flex-1" />
          <IconButton label="New session" onClick={() => navigate({ at: "new" })}>
            <Plus size={18} />
          </IconButton>
        </div>
        <SessionList />
        <div className="flex shrink-0 items-center border-t border-line p-2">
          <Link
            to={{ at: "settings" }}
            className="flex flex-1 items-center gap-2 rounded-md px-2 py-1.5 text-sm text-ink-soft hover:bg-hover hover:text-ink"
          >
            <Settings size={16} /> Settings
          </Link>
          <Link
            to={{ at: "agents" }}
            aria-label="Agents"
            title="Agents"
            className="inline-flex size-8 items-center justify-center rounded-md text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:size-11"
          >
            <Bot size={16} />
          </Link>
        </div>
      </nav>
    </>
  );
}

function InboxButton() {
  const waiting = waitingCount(useLibrary());
  return (
    <Link
      to={{ at: "inbox" }}
      aria-label={waiting === 0 ? "Inbox" : `Inbox, ${waiting} waiting`}
      className="relative flex h-8 shrink-0 items-center gap-1.5 rounded-md px-2 text-sm text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:h-11"
    >
      <Inbox size={17} />
      {waiting > 0 && <Count value={waiting} tone="attention" label="waiting" />}
    </Link>
  );
}

/** The window's title: how many things wait for somebody, then where the page is. */
function useTitle(): void {
  const route = useRoute();
  const library = useLibrary();
  const { sessions } = library;
  const waiting = waitingCount(library);
  const sessionId = sessionOf(route);
  const place = visibleText((sessionId !== undefined && sessions.get(sessionId)?.title) || "", "words");
  useEffect(() => {
    const name = place === "" ? "Holdfast" : `${place} · Holdfast`;
    document.title = waiting === 0 ? name : `(${waiting}) ${name}`;
  }, [place, waiting]);
}
