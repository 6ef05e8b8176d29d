import { expect, test } from "vitest";
import { pathRewriter } from "./home-paths.ts";

const rewrite = pathRewriter({ workspace: ["/home/me/my app"], home: ["/home/me", "/data/home/me"] });

test.each([
  ["/home/me/my app/src/a.ts:3", "src/a.ts:3"],
  ["cd '/home/me/my app' && ls", "cd '.' && ls"],
  ["in /home/me/my app/ all", "in ./ all"],
  ["/home/me/my app2/x", "~/my app2/x"],
  ["/home/me/.ssh/config", "~/.ssh/config"],
  ["/data/home/me/x", "~/x"],
  ["/home/me.", "~."],
  ["/home/merlin/x and /home/me-too", "/home/merlin/x and /home/me-too"],
  ["/usr/lib/x", "/usr/lib/x"],
  [String.raw`{"path":"\/home\/me\/my app\/a.ts"}`, String.raw`{"path":"a.ts"}`],
  ["file:///home/me/my%20app/a.ts", "file://a.ts"],
  ["~/.claude/projects/-home-me-notes/x", "~/.claude/projects/~-notes/x"],
])("[S-17] paths are relative to the workspace, and home is ~: %s", (text, told) => {
  expect(rewrite(text)).toBe(told);
});

test("[S-17] a root of a file system is no place", () => {
  expect(pathRewriter({ workspace: ["/"], home: [""] })("/usr/lib /")).toBe("/usr/lib /");
});
