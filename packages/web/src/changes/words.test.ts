import { describe, expect, test } from "vitest";
import { changeOf, contribution } from "./fixture.ts";
import { conflictWords, contributorsOf, factsOf, linelessOf, noteOf } from "./words.ts";

const nameOf = (id: string) => ({ scribe: "Scribe", qwen: "Qwen Code" })[id] ?? id;
const by = (...agents: string[]) =>
  contributorsOf(
    changeOf("a", {
      agent: agents[0] ?? "scribe",
      contributions: agents.map((agent, index) => contribution(agent, 100 - index)).toReversed(),
    }),
    nameOf,
  );

describe("whose a change is", () => {
  test("[W-4, I-15] all who had a part in it are named, the newest first, each once", () => {
    expect(by("qwen", "scribe", "qwen").map(({ name }) => name)).toEqual(["Qwen Code", "Scribe"]);
    expect(noteOf(by("qwen", "scribe"))).toBe("Changes from Qwen Code and Scribe");
    expect(noteOf(by("qwen", "scribe", "shared"))).toBe("Changes from Qwen Code, Scribe and agent or you");
    expect(noteOf(by("scribe"))).toBeUndefined();
  });

  test("[W-5] nobody is made an agent who may not have been one", () => {
    expect(by("user", "unknown", "shared").map(({ name, isAgent }) => [name, isAgent])).toEqual([
      ["not an agent", false],
      ["unknown", false],
      ["agent or you", false],
    ]);
  });
});

test("[W-8] git's own words for a conflict are said in ours, others as they are", () => {
  expect(conflictWords("CONFLICT (content): Merge conflict in a.ts")).toBe(
    "Both sides changed the same lines.",
  );
  expect(conflictWords("CONFLICT (strange): what")).toBe("CONFLICT (strange): what");
  expect(conflictWords("It was edited meanwhile.")).toBe("It was edited meanwhile.");
});

test("[W-3] renames, modes, links and binaries are said", () => {
  const version = (mode: string, blob = "x") => ({ mode, blob });
  const said = (more: Parameters<typeof changeOf>[1]) => factsOf(changeOf("a", more));
  expect(said({ kind: "renamed", oldPath: "old.ts" })).toEqual(["was old.ts"]);
  expect(said({ kind: "mode", before: version("100644"), after: version("100755") })).toEqual([
    "was a file, is an executable file",
  ]);
  expect(said({ kind: "added", after: version("120000") })).toEqual(["a symbolic link"]);
  expect(said({ binary: true })).toEqual(["binary"]);
  expect(said({ kind: "deleted", before: version("100644") })).toEqual([]);
  expect(linelessOf(changeOf("a", { before: version("100644"), after: version("100755") }))).toMatch(/same/);
  expect(
    linelessOf(changeOf("a", { before: version("100644"), after: version("100644", "y") })),
  ).toBeUndefined();
});
