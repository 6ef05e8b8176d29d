import { describe, expect, test } from "vitest";
import { hrefOf, parseRoute, type Route } from "./route.ts";

const at = (href: string) => {
  const url = new URL(href, "http://page");
  return parseRoute(url.pathname, url.search);
};

describe("routes", () => {
  test.each<Route>([
    { at: "home" },
    { at: "new" },
    { at: "new", directory: "/a b/ü?&#%" },
    { at: "session", sessionId: "ses_1" },
    { at: "session", sessionId: "ses_1", message: "msg_2" },
    { at: "timeline", sessionId: "ses_1" },
    { at: "timeline", sessionId: "ses_1", step: "42" },
    { at: "timeline", sessionId: "ses_1", step: "per_1" },
    { at: "new", workspace: "wsp_1" },
    { at: "changes", sessionId: "ses_1" },
    { at: "guest" },
    { at: "inbox" },
    { at: "worktrees" },
    { at: "archive" },
    { at: "shares" },
    { at: "agents" },
    { at: "settings" },
    { at: "settings", section: "rules" },
  ])("[I-15] %j has an address that names it", (route) => {
    expect(at(hrefOf(route))).toEqual(route);
  });

  test.each([
    "/s",
    "/s/",
    "/s/a/b",
    "/s/a/timeline/b",
    "/s/a/changes/b",
    "/worktrees/x",
    "/inbox/",
    "/settings/a/b",
    "/metrics",
    "/gallery",
    "/nowhere",
    "/inbox/x",
    "/%",
  ])("[I-15] %s is no place", (path) => {
    expect(parseRoute(path, "")).toEqual({ at: "unknown", path });
  });
});
