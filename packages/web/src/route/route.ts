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
  | { at: "inbox" }
  | { at: "archive" }
  | { at: "worktrees" }
  /** What is live, and which agents there are. */
  | { at: "agents" }
  | { at: "settings"; section?: string }
  | { at: "unknown"; path: string };

/** The place that an address names. Total: what is no place is `unknown`. */
export function parseRoute(path: string, search: string): Route {
  const [first = "", second, third, ...rest] = path.split("/").slice(1).map(decode);
  const query = new URLSearchParams(search);
  const text = (name: string) => query.get(name) ?? undefined;
  const isDeep =
    rest.length > 0 ||
    (third !== undefined && first !== "s") ||
    (second !== undefined && !["s", "settings"].includes(first));
  if (isDeep) return { at: "unknown", path };
  switch (first) {
    case "":
      return { at: "home" };
    case "new":
      return {
        at: "new",
        ...given("directory", text("directory")),
        ...given("workspace", text("workspace")),
      };
    case "s": {
      if (second === undefined || second === "") return { at: "unknown", path };
      if (third === "timeline") return { at: "timeline", sessionId: second, ...given("step", text("step")) };
      if (third === "changes") return { at: "changes", sessionId: second };
      if (third !== undefined) return { at: "unknown", path };
      return { at: "session", sessionId: second, ...given("message", text("message")) };
    }
    case "inbox":
    case "archive":
    case "agents":
    case "worktrees":
      return { at: first };
    case "settings":
      return { at: "settings", ...given("section", second) };
    default:
      return { at: "unknown", path };
  }
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
    case "inbox":
    case "archive":
    case "agents":
    case "worktrees":
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
