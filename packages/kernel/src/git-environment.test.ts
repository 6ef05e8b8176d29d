import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { pointsGitElsewhere } from "./git-environment.ts";

describe("variables that point git elsewhere", () => {
  test("[A-10, W-14] are all that the installed git calls local to a repository", () => {
    const named = execFileSync("git", ["rev-parse", "--local-env-vars"], { encoding: "utf8" });
    const names = named.split("\n").filter((name) => name !== "");
    expect(names).toContain("GIT_DIR");
    // A name here is new in this git: add it to the list.
    expect(names.filter((name) => !pointsGitElsewhere(name))).toEqual([]);
  });

  test.each([
    ["GIT_CONFIG_KEY_0", true],
    ["GIT_CONFIG_VALUE_12", true],
    ["GIT_NAMESPACE", true],
    ["GIT_QUARANTINE_PATH", true],
    ["GIT_INTERNAL_SUPER_PREFIX", true],
    ["GIT_CONFIG_GLOBAL", false],
    ["GIT_CONFIG_NOSYSTEM", false],
    ["GIT_CEILING_DIRECTORIES", false],
    ["GIT_SSH_COMMAND", false],
    ["GIT_AUTHOR_NAME", false],
    ["GIT_DIRECTORY_OF_MINE", false],
    ["PATH", false],
  ])("[A-10] %s: %s", (name, points) => {
    expect(pointsGitElsewhere(name)).toBe(points);
  });
});
