import { type Session, visibleText } from "@holdfast/protocol";
import { Archive, ChevronRight, CornerDownRight, Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { prefer, type Preferences, preferences, useLibrary, useNow, useStore } from "../data/index.ts";
import { ago, classes, Count, Exact, Skeleton, StatusDot } from "../design/index.ts";
import { Link, sessionOf, useRoute } from "../route/index.ts";
import { type Group, groupSessions, isResting } from "./group.ts";
import { markOf } from "./mark.ts";
import { StillOrder } from "./still-order.ts";

const GROUPINGS: Record<Preferences["grouping"], string> = {
  project: "Project",
  status: "Status",
  date: "Date",
};

/** All sessions that are not archived, in groups, with a filter. What works or waits is never hidden by a folded group. */
export function SessionList() {
  const { sessions, older, projects, phase } = useLibrary();
  const { grouping, folded } = useStore(preferences);
  const [filter, setFilter] = useState("");
  const now = useNow(30_000);
  const route = useRoute();
  const visits = useVisits();
  // What somebody looks at stays in its place; what they do next brings a new order.
  const order = useMemo(() => new StillOrder(), [route, grouping, filter, visits]);
  const groups = useMemo(
    () => groupSessions(sessions.values(), grouping, filter, now, order, projects),
    [sessions, grouping, filter, now, order, projects],
  );

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-col gap-2 px-3 pb-2">
        <label className="flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2 text-ink-faint focus-within:border-accent pointer-coarse:h-11">
          <Search size={15} />
          <span className="sr-only">Filter sessions</span>
          <input
            type="search"
            dir="auto"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            placeholder="Filter sessions"
            className="min-w-0 flex-1 bg-transparent text-sm text-ink outline-none placeholder:text-ink-faint pointer-coarse:text-base"
          />
        </label>
        <div role="radiogroup" aria-label="Group by" className="flex gap-0.5 rounded-md bg-sunken p-0.5">
          {(Object.keys(GROUPINGS) as Preferences["grouping"][]).map((name) => (
            <button
              key={name}
              type="button"
              role="radio"
              aria-checked={name === grouping}
              onClick={() => prefer({ grouping: name })}
              className={classes(
                "h-6 flex-1 rounded-sm text-xs font-medium pointer-coarse:h-9",
                name === grouping ? "bg-surface text-ink shadow-sm" : "text-ink-soft hover:text-ink",
              )}
            >
              {GROUPINGS[name]}
            </button>
          ))}
        </div>
      </div>
      <div className="scroll-area min-h-0 flex-1 px-2 pb-3">
        {phase === "loading" && (
          <div className="px-2 pt-2">
            <Skeleton lines={6} label="Loading sessions" />
          </div>
        )}
        {phase === "ready" && groups.length === 0 && (
          <p className="px-2 py-6 text-center text-sm text-ink-faint">
            {filter === ""
              ? "No sessions yet."
              : "No session here has these words in its title or directory."}
          </p>
        )}
        {groups.map((group) => (
          <GroupOfSessions
            key={group.key}
            group={group}
            now={now}
            isFolded={folded.includes(`${grouping}:${group.key}`)}
            onFold={() => fold(`${grouping}:${group.key}`)}
          />
        ))}
        <OlderNote count={older.sessions} />
        {phase === "ready" && (
          <Link
            to={{ at: "archive" }}
            className="mt-2 flex items-center gap-2 rounded-md px-2 py-1.5 text-sm text-ink-faint hover:bg-hover hover:text-ink"
          >
            <Archive size={15} /> Archive
          </Link>
        )}
      </div>
    </div>
  );
}

/** What a list leaves out, so that nobody takes it for all there is. */
export function OlderNote({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <p className="px-2 pt-3 text-xs text-ink-faint">
      {count.toLocaleString()} older ones are not listed here; <code>holdfast session list -n</code> lists
      more.
    </p>
  );
}

/** How often somebody came back to the page. */
function useVisits(): number {
  const [visits, setVisits] = useState(0);
  useEffect(() => {
    const count = () => !document.hidden && setVisits((before) => before + 1);
    document.addEventListener("visibilitychange", count);
    return () => document.removeEventListener("visibilitychange", count);
  }, []);
  return visits;
}

function fold(key: string): void {
  const { folded } = preferences.get();
  prefer({ folded: folded.includes(key) ? folded.filter((other) => other !== key) : [...folded, key] });
}

function GroupOfSessions(props: { group: Group; now: number; isFolded: boolean; onFold: () => void }) {
  const { group, now, isFolded, onFold } = props;
  const shown = isFolded ? group.sessions.filter((session) => !isResting(session)) : group.sessions;
  return (
    <section aria-label={group.name} className="pt-2">
      <button
        type="button"
        aria-expanded={!isFolded}
        onClick={onFold}
        title={group.title && visibleText(group.title, "line")}
        className="flex h-7 w-full items-center gap-1 rounded-md px-1 text-left text-xs font-semibold text-ink-soft hover:bg-hover pointer-coarse:h-10"
      >
        <ChevronRight size={14} className={classes("transition-transform", !isFolded && "rotate-90")} />
        <Exact text={group.name} className="min-w-0 flex-1 truncate" />
        {isFolded && <Count value={group.sessions.length} label="sessions" />}
      </button>
      <ul>
        {shown.map((session) => (
          <li key={session.id}>
            <Row session={session} now={now} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ session, now }: { session: Session; now: number }) {
  const route = useRoute();
  const isCurrent = sessionOf(route) === session.id;
  const mark = markOf(session);
  return (
    <Link
      to={{ at: "session", sessionId: session.id }}
      aria-current={isCurrent ? "page" : undefined}
      className={classes(
        "flex items-center gap-2 rounded-md px-2 py-1.5 pointer-coarse:min-h-11",
        isCurrent ? "bg-selected" : "hover:bg-hover",
        session.parentId !== undefined && "ms-4",
      )}
    >
      {session.parentId !== undefined && (
        <CornerDownRight
          size={13}
          role="img"
          aria-label="Below another session"
          className="shrink-0 text-ink-faint"
        />
      )}
      <StatusDot {...mark} />
      <span className="min-w-0 flex-1">
        <Exact text={session.title} as="words" className="block truncate text-sm" />
        <span className="block truncate text-xs text-ink-faint">
          {mark.label === "Idle" ? session.agent : `${mark.label} · ${session.agent}`}
        </span>
      </span>
      {session.queue.length > 0 && <Count value={session.queue.length} label="queued" />}
      <time
        className="text-xs text-ink-faint tabular-nums"
        dateTime={new Date(session.time.updated).toISOString()}
      >
        {ago(session.time.updated, now)}
      </time>
    </Link>
  );
}
