/**
 * The page's places and their addresses. A hand-made table instead of a routing library: seven places do not earn 26 KB gzipped
 * of the 130 KB that the first load may have (I-16; docs/decisions/0006).
 */
export type Route =
  | { at: "home" }
  | { at: "new"; directory?: string }
  /** `message` scrolls to a message; `seq` shows the session as it was then (timeline). */
  | { at: "session"; sessionId: string; message?: string; seq?: number }
  | { at: "inbox" }
  | { at: "archive" }
  | { at: "settings"; section?: string }
  | { at: "unknown"; path: string };

/** The place that an address names. Total: what is no place is `unknown`. */
export function parseRoute(path: string, search: string): Route {
  const [first = "", second, ...rest] = path.split("/").slice(1).map(decode);
  const query = new URLSearchParams(search);
  const text = (name: string) => query.get(name) ?? undefined;
  const isDeep = rest.length > 0 || (second !== undefined && !["s", "settings"].includes(first));
  if (isDeep) return { at: "unknown", path };
  switch (first) {
    case "":
      return { at: "home" };
    case "new":
      return { at: "new", ...given("directory", text("directory")) };
    case "s": {
      if (second === undefined || second === "") return { at: "unknown", path };
      const seq = Number(text("seq"));
      return {
        at: "session",
        sessionId: second,
        ...given("message", text("message")),
        ...(text("seq") !== undefined && Number.isSafeInteger(seq) && seq >= 0 ? { seq } : {}),
      };
    }
    case "inbox":
    case "archive":
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
      return withQuery("/new", { directory: route.directory });
    case "session":
      return withQuery(`/s/${encodeURIComponent(route.sessionId)}`, {
        message: route.message,
        seq: route.seq,
      });
    case "inbox":
    case "archive":
      return `/${route.at}`;
    case "settings":
      return route.section === undefined ? "/settings" : `/settings/${encodeURIComponent(route.section)}`;
    case "unknown":
      return route.path;
  }
}

function given<K extends string>(key: K, value: string | undefined): { [name in K]?: string } {
  return value === undefined || value === "" ? {} : ({ [key]: value } as { [name in K]?: string });
}

function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
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
