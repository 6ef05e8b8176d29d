import { visibleText } from "@holdfast/protocol";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { prefer, preferences, useLibrary, useStore } from "../data/index.ts";
import { classes, Exact, StatusDot } from "../design/index.ts";
import { Link, navigate, sessionOf, useRoute } from "../route/index.ts";
import { markOf } from "../session-list/index.ts";

/** Most tabs kept; the oldest leaves when one more comes. */
const TABS = 20;

/** The sessions at hand. A session that is opened gets a tab; closing a tab stops nothing. */
export function Tabs() {
  const route = useRoute();
  const tabs = useStore(preferences, (value) => value.tabs);
  const { sessions, phase } = useLibrary();
  const current = sessionOf(route);

  useEffect(() => {
    if (current === undefined || preferences.get().tabs.includes(current)) return;
    prefer({ tabs: [...preferences.get().tabs, current].slice(-TABS) });
  }, [current]);

  const tab = useRef<HTMLDivElement>(null);
  const shown = tabs.filter((id) => id === current || phase === "loading" || sessions.has(id));
  const titles = shown.map((id) => sessions.get(id)?.title ?? "Session").join("\n");
  // On a phone few of them are seen at once; what changes their width moves them.
  useEffect(() => {
    tab.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current, titles]);

  const close = (id: string) => {
    const at = tabs.indexOf(id);
    const rest = tabs.filter((other) => other !== id);
    prefer({ tabs: rest });
    if (id !== current) return;
    const next = rest[Math.min(at, rest.length - 1)];
    navigate(next === undefined ? { at: "home" } : { at: "session", sessionId: next });
  };

  return (
    <nav
      aria-label="Open sessions"
      className="flex min-w-0 flex-1 items-center gap-1 overflow-x-auto [scrollbar-width:none]"
    >
      {shown.map((id) => {
        const session = sessions.get(id);
        const mark = session === undefined ? undefined : markOf(session);
        const isCurrent = id === current;
        const title = session?.title ?? "Session";
        return (
          <div
            key={id}
            ref={isCurrent ? tab : undefined}
            className={classes(
              "group flex h-8 max-w-56 min-w-0 shrink-0 items-center gap-1.5 rounded-md pr-1 pl-2.5 text-sm",
              isCurrent ? "bg-selected text-ink" : "text-ink-soft hover:bg-hover",
            )}
          >
            <Link
              aria-current={isCurrent ? "page" : undefined}
              to={{ at: "session", sessionId: id }}
              title={visibleText(title, "words")}
              className="flex min-w-0 items-center gap-1.5 outline-offset-2"
            >
              {mark !== undefined && <StatusDot {...mark} />}
              <Exact text={title} as="words" className="truncate" />
            </Link>
            <button
              type="button"
              aria-label={`Close the tab of ${visibleText(title, "words")}`}
              onClick={() => close(id)}
              className="flex size-6 items-center justify-center rounded-sm text-ink-faint hover:bg-hover hover:text-ink"
            >
              <X size={14} />
            </button>
          </div>
        );
      })}
    </nav>
  );
}
