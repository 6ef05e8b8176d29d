import { type PagePath, pagePathOf } from "@holdfast/protocol";

/**
 * The page's places and their addresses. A hand-made table instead of a routing library: ten places do not earn 26 KB gzipped
 * of the 130 KB that the first load may have (I-16; docs/decisions/0006).
 */
export type Route =
  | { at: "home" }
  /** `workspace`: beside the sessions that work there already. */
  | { at: "new"; directory?: string; workspace?: string }
  /** `message` scrolls to a message. */
  | { at: "session"; sessionId: string; message?: string }
  /** The session as it was at a step, which `step` names; absent: the newest. */
  | { at: "timeline"; sessionId: string; step?: string }
  /** The session with its changes beside it. */
  | { at: "changes"; sessionId: string }
  /** For who was let into one session by a link; the page that is opened there is another one. */
  | { at: "guest" }
  | { at: "inbox" }
  | { at: "archive" }
  | { at: "worktrees" }
  /** What others can see or do. */
  | { at: "shares" }
  /** What is live, and which agents there are. */
  | { at: "agents" }
  | { at: "settings"; section?: string }
  | { at: "unknown"; path: string };

type Query = (name: string) => string | undefined;

/** One for each address of the page, so that the server knows them all. */
const PLACES: Record<PagePath, (id: string, query: Query) => Route> = {
  "/": () => ({ at: "home" }),
  "/new": (_, query) => ({
    at: "new",
    ...given("directory", query("directory")),
    ...given("workspace", query("workspace")),
  }),
  "/s/:id": (sessionId, query) => ({ at: "session", sessionId, ...given("message", query("message")) }),
  "/s/:id/timeline": (sessionId, query) => ({ at: "timeline", sessionId, ...given("step", query("step")) }),
  "/s/:id/changes": (sessionId) => ({ at: "changes", sessionId }),
  "/l": () => ({ at: "guest" }),
  "/inbox": () => ({ at: "inbox" }),
  "/archive": () => ({ at: "archive" }),
  "/worktrees": () => ({ at: "worktrees" }),
  "/shares": () => ({ at: "shares" }),
  "/agents": () => ({ at: "agents" }),
  "/settings": () => ({ at: "settings" }),
  "/settings/:id": (section) => ({ at: "settings", section }),
};

/** The place that an address names. Total: what is no place is `unknown`. */
export function parseRoute(path: string, search: string): Route {
  const found = pagePathOf(path);
  if (found === undefined) return { at: "unknown", path };
  const query = new URLSearchParams(search);
  return PLACES[found.path](decode(found.id), (name) => query.get(name) ?? undefined);
}

/** The address of a place; `parseRoute` reads it back. */
export function hrefOf(route: Route): string {
  switch (route.at) {
    case "home":
      return "/";
    case "new":
      return withQuery("/new", { directory: route.directory, workspace: route.workspace });
    case "session":
      return withQuery(`/s/${encodeURIComponent(route.sessionId)}`, { message: route.message });
    case "changes":
      return `/s/${encodeURIComponent(route.sessionId)}/changes`;
    case "timeline":
      return withQuery(`/s/${encodeURIComponent(route.sessionId)}/timeline`, { step: route.step });
    case "guest":
      return "/l";
    case "inbox":
    case "archive":
    case "agents":
    case "worktrees":
    case "shares":
      return `/${route.at}`;
    case "settings":
      return route.section === undefined ? "/settings" : `/settings/${encodeURIComponent(route.section)}`;
    case "unknown":
      return route.path;
  }
}

/** The session that a place is of. */
export function sessionOf(route: Route): string | undefined {
  return "sessionId" in route ? route.sessionId : undefined;
}

function given<K extends string>(key: K, value: string | undefined): { [name in K]?: string } {
  return value === undefined || value === "" ? {} : ({ [key]: value } as { [name in K]?: string });
}

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
