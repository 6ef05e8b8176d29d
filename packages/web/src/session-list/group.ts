import { hasPausedQueue, type Project, type Session } from "@holdfast/protocol";
import type { Preferences } from "../data/index.ts";
import type { StillOrder } from "./still-order.ts";

export type Group = { key: string; name: string; title?: string; sessions: Session[] };

const STATUS_NAMES = ["Needs you", "Working", "Idle"] as const;
const DAY_MS = 86_400_000;

/** Sessions in the groups that were chosen, the newest first in each, as `order` places them; a child stands behind its parent where that is in the same group. */
export function groupSessions(
  sessions: Iterable<Session>,
  grouping: Preferences["grouping"],
  filter: string,
  now: number,
  order: StillOrder,
  projects: ReadonlyMap<string, Project>,
): Group[] {
  const wanted = filter.trim().toLowerCase();
  const shown = [...sessions]
    .filter(({ title, directory }) => `${title}\n${directory}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => order.placeOf(b) - order.placeOf(a));
  switch (grouping) {
    case "project":
      return collect(shown, ({ projectId, directory }) => {
        // A session in a worktree works elsewhere, and is of the same project.
        const where = projects.get(projectId)?.directory ?? directory;
        return { key: projectId, name: nameOf(where), title: where };
      });
    case "status": {
      const groups = collect(shown, (session) => {
        const name = STATUS_NAMES[statusRank(session)] ?? "Idle";
        return { key: name, name };
      });
      return groups.toSorted((a, b) => rankOf(a.name) - rankOf(b.name));
    }
    case "date":
      return collect(shown, (session) => {
        const name = dayName(order.placeOf(session), now);
        return { key: name, name };
      });
  }
}

const rankOf = (name: string): number => STATUS_NAMES.indexOf(name as (typeof STATUS_NAMES)[number]);

function statusRank(session: Session): 0 | 1 | 2 {
  if (session.attention !== "none" || session.status === "waiting" || hasPausedQueue(session)) return 0;
  return session.status === "idle" && session.queue.length === 0 ? 2 : 1;
}

/** Nothing runs, waits or asks for somebody. */
export const isResting = (session: Session): boolean => statusRank(session) === 2;

function collect(sessions: Session[], groupOf: (session: Session) => Omit<Group, "sessions">): Group[] {
  const groups = new Map<string, Group>();
  for (const session of sessions) {
    const head = groupOf(session);
    const group = groups.get(head.key) ?? { ...head, sessions: [] };
    group.sessions.push(session);
    groups.set(head.key, group);
  }
  return [...groups.values()].map((group) => ({ ...group, sessions: nested(group.sessions) }));
}

function nested(sessions: readonly Session[]): Session[] {
  const listed = new Set<string>(sessions.map(({ id }) => id));
  const tops: Session[] = [];
  const below = new Map<string, Session[]>();
  for (const session of sessions) {
    const { parentId } = session;
    if (parentId === undefined || !listed.has(parentId)) tops.push(session);
    else below.set(parentId, [...(below.get(parentId) ?? []), session]);
  }
  const withChildren = (session: Session): Session[] => [
    session,
    ...(below.get(session.id) ?? []).flatMap(withChildren),
  ];
  return tops.flatMap(withChildren);
}

/** The last name of a path; of the root itself, the path. */
export function nameOf(directory: string): string {
  return directory.split(/[/\\]/).findLast((part) => part !== "") ?? directory;
}

function dayName(time: number, now: number): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (time >= midnight) return "Today";
  if (time >= midnight - DAY_MS) return "Yesterday";
  if (time >= midnight - 6 * DAY_MS) return "This week";
  return new Date(time).toLocaleDateString(undefined, { month: "long", year: "numeric" });
}
