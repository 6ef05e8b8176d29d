import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolPlace, type ToolPlace } from "../../test/tool-place.ts";
import { applyPatchTool } from "./apply-patch.ts";
import { editTool } from "./edit.ts";
import { readTool } from "./read.ts";
import { writeTool } from "./write.ts";

let place: ToolPlace;
const at = (name: string) => join(place.path, name);
const put = (name: string, content: string | Buffer) => writeFileSync(at(name), content);
const text = (name: string) => readFileSync(at(name), "utf8");
const patch = (...lines: string[]) =>
  place.run(applyPatchTool, { patch: ["*** Begin Patch", ...lines, "*** End Patch"].join("\n") });

beforeEach(async () => {
  place = await toolPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

describe("[W-5] every change", () => {
  test("is shown, allowed, said, and then made", async () => {
    await place.run(writeTool, { path: "new/deep/a.txt", content: "one\n" });
    expect(place.log).toEqual(["diffs", "permit edit", "changes workspace/new/deep/a.txt"]);
    expect(place.told).toEqual([{ diffs: [{ path: at("new/deep/a.txt"), newText: "one\n" }] }]);
    expect(place.permits).toEqual([
      { title: "Write new/deep/a.txt", kind: "edit", patterns: ["new/deep/a.txt"] },
    ]);
    expect([text("new/deep/a.txt"), readdirSync(at("new/deep"))]).toEqual(["one\n", ["a.txt"]]);
    await place.run(editTool, { path: "new/deep/a.txt", oldString: "one", newString: "two" });
    expect(place.told.at(-1)).toEqual({
      diffs: [{ path: at("new/deep/a.txt"), oldText: "one\n", newText: "two\n" }],
    });
    expect(text("new/deep/a.txt")).toBe("two\n");
  });

  test("keeps mode, byte order mark and line ends", async () => {
    put("a.sh", "\ufeffone\r\ntwo\r\n");
    chmodSync(at("a.sh"), 0o757);
    await place.run(editTool, { path: "a.sh", oldString: "one\ntwo", newString: "1\n2" });
    expect([text("a.sh"), statSync(at("a.sh")).mode & 0o777]).toEqual(["\ufeff1\r\n2\r\n", 0o757]);
    await place.run(writeTool, { path: "a.sh", content: "a\nb\n" });
    expect([text("a.sh"), statSync(at("a.sh")).mode & 0o777]).toEqual(["\ufeffa\r\nb\r\n", 0o757]);
    await patch("*** Update File: a.sh", "*** Move to: b.sh", "-a", "+c");
    expect([text("b.sh"), statSync(at("b.sh")).mode & 0o777]).toEqual(["\ufeffc\r\nb\r\n", 0o757]);
  });

  test("that is not allowed is not made", async () => {
    put("a", "one\n");
    place.onPermit = () => Promise.reject(new Error("no"));
    await expect(place.run(editTool, { path: "a", oldString: "one", newString: "two" })).rejects.toThrow(
      "no",
    );
    await expect(place.run(writeTool, { path: "b/c", content: "x" })).rejects.toThrow("no");
    await expect(patch("*** Delete File: a")).rejects.toThrow("no");
    expect([text("a"), existsSync(at("b")), place.log.filter((each) => each.startsWith("changes"))]).toEqual([
      "one\n",
      false,
      [],
    ]);
  });

  test("of a long file is shown where it is", async () => {
    const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line}`);
    put("a", `${lines.join("\n")}\n`);
    await place.run(editTool, { path: "a", oldString: "line 10000\n", newString: "x\n" });
    expect(place.told).toEqual([
      {
        diffs: [
          {
            path: at("a"),
            oldText: `${lines.slice(9_997, 10_004).join("\n")}\n`,
            newText: `${[...lines.slice(9_997, 10_000), "x", ...lines.slice(10_001, 10_004)].join("\n")}\n`,
          },
        ],
      },
    ]);
  });

  test("beside another of the same file waits for it", async () => {
    put("a", "1 2 3 4\n");
    await Promise.all(
      ["1", "2", "3", "4"].map((old) =>
        place.run(editTool, { path: "a", oldString: old, newString: `<${old}>` }),
      ),
    );
    expect(text("a")).toBe("<1> <2> <3> <4>\n");
  });
});

test("[A-26] what is written and edited is what is read then, and no other file changes", async () => {
  put("other", "stays");
  const line = fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", "é", "💡", "$", "\\"), maxLength: 8 });
  const lines = fc
    .array(line, { minLength: 1, maxLength: 6 })
    .map((each) => each.map((one, at) => `${at}${one}`));
  let at = 0;
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), line, fc.boolean(), async (content, which, next, isCrlf) => {
      const [name, end] = [`${(at += 1)}.txt`, isCrlf ? "\r\n" : "\n"];
      await place.run(writeTool, { path: name, content: content.map((each) => each + end).join("") });
      const index = which % content.length;
      const old = content[index] ?? "";
      fc.pre(content.join("\n").split(old).length === 2 && next !== old);
      await place.run(editTool, { path: name, oldString: old, newString: next });
      const expected = content.with(index, next);
      expect(text(name)).toBe(expected.map((each) => each + end).join(""));
      const { output } = await place.run(readTool, { path: name });
      expect(output).toContain(expected.map((each, line) => `${line + 1}: ${each}`).join("\n"));
    }),
    { numRuns: 40 },
  );
  expect([text("other"), readdirSync(place.path).length]).toEqual(["stays", at + 1]);
});

describe("[A-26] a file that changed behind the model", () => {
  test("is not edited, patched or written before it is read again", async () => {
    put("a", "one\ntwo\n");
    await place.run(readTool, { path: "a" });
    put("a", "one\nTWO\n");
    for (const change of [
      () => place.run(editTool, { path: "a", oldString: "one", newString: "1" }),
      () => place.run(writeTool, { path: "a", content: "1" }),
      () => patch("*** Update File: a", "-one", "+1"),
    ])
      await expect(change()).rejects.toThrow(/has been changed since you saw it/);
    await place.run(readTool, { path: "a" });
    await place.run(editTool, { path: "a", oldString: "one", newString: "1" });
    // What a tool made itself is known.
    await place.run(writeTool, { path: "a", content: "2\n" });
    expect(text("a")).toBe("2\n");
  });

  test("while somebody was asked stays as it is", async () => {
    put("a", "one\n");
    place.onPermit = () => put("a", "other\n");
    await expect(place.run(editTool, { path: "a", oldString: "one", newString: "1" })).rejects.toThrow(
      /changed meanwhile/,
    );
    expect(text("a")).toBe("other\n");
  });

  test("is looked at before any of several is changed, and once more before it is itself", async () => {
    put("a", "a\n");
    put("b", "b\n");
    const both = () => patch("*** Update File: a", "-a", "+A", "*** Update File: b", "-b", "+B");
    place.onPermit = () => put("b", "other\n");
    await expect(both()).rejects.toThrow(/b was changed meanwhile/);
    expect(place.log.at(-1)).toBe("permit edit");
    put("b", "b\n");
    place.onPermit = () => undefined;
    place.onChanges = () => put("b", "other\n");
    await expect(both()).rejects.toThrow(/b was changed meanwhile/);
    expect([text("a"), text("b")]).toEqual(["a\n", "other\n"]);
  });

  test("is not replaced by one who never read it, but edited by who quotes it", async () => {
    put("a", "one\n");
    await expect(place.run(writeTool, { path: "a", content: "x" })).rejects.toThrow(/did not read it yet/);
    await place.run(editTool, { path: "a", oldString: "one", newString: "1" });
    expect(text("a")).toBe("1\n");
  });
});

describe("[I-6] where nothing is written", () => {
  test("outside of the workspace somebody is asked, by the real path", async () => {
    symlinkSync(join(place.top, "outside"), at("link"));
    await place.run(writeTool, { path: "link/a", content: "x" });
    expect(place.permits).toMatchObject([{ kind: "edit_outside", patterns: [join(place.top, "outside/a")] }]);
  });

  test("a directory that became a link meanwhile is not followed", async () => {
    mkdirSync(at("d"));
    place.onPermit = () => {
      renameSync(at("d"), at("e"));
      symlinkSync(join(place.top, "outside"), at("d"));
    };
    await expect(place.run(writeTool, { path: "d/a", content: "x" })).rejects.toThrow(
      /way to d\/a was changed/,
    );
    expect(readdirSync(join(place.top, "outside"))).toEqual([]);
  });

  test.each([".git/hooks/pre-commit", "sub/.GIT/config"])("%s is git's own", async (path) => {
    await expect(place.run(writeTool, { path, content: "x" })).rejects.toThrow(/git's own/);
    expect(place.permits).toEqual([]);
  });

  test("pipes, directories, read-only files and what is no text are refused", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    mkdirSync(at("d"));
    put("binary", Buffer.from("a\0b"));
    put("large", Buffer.alloc(10 * 1024 * 1024 + 1, 32));
    const edit = (path: string) => place.run(editTool, { path, oldString: "a", newString: "b" });
    for (const path of ["pipe", "d"]) {
      await expect(edit(path)).rejects.toThrow(/no regular file/);
      await expect(place.run(writeTool, { path, content: "x" })).rejects.toThrow(/no regular file/);
    }
    await expect(edit("binary")).rejects.toThrow(/no text in UTF-8/);
    await expect(edit("large")).rejects.toThrow(/most that is changed/);
    await expect(edit("none")).rejects.toThrow(/does not exist/);
  });
});

describe("[A-26] a patch of several files", () => {
  test("is made whole, each kind of change asked for", async () => {
    put("b", "b\n");
    put("c", "c\n");
    put("d", "d\n");
    const { output } = await patch(
      "*** Add File: a",
      "+a",
      "*** Update File: b",
      "-b",
      "+B",
      "*** Delete File: c",
      "*** Update File: d",
      "*** Move to: e/d",
      "-d",
      "+D",
    );
    expect(output.split("\n")).toEqual([
      "a was made.",
      "b was changed.",
      "c was deleted.",
      "d was moved to e/d and changed.",
    ]);
    expect(place.permits.map(({ kind, patterns }) => [kind, patterns])).toEqual([
      ["edit", ["a", "b"]],
      ["delete", ["c"]],
      ["move", ["e/d", "d"]],
    ]);
    expect([text("a"), text("b"), text("e/d"), existsSync(at("c")), existsSync(at("d"))]).toEqual([
      "a\n",
      "B\n",
      "D\n",
      false,
      false,
    ]);
  });

  test.each<[string, string[], RegExp]>([
    [
      "a hunk does not fit",
      ["*** Update File: b", "-x", "+y"],
      /b: The hunk at line 5 of the patch does not fit/,
    ],
    ["a file is there already", ["*** Add File: b", "+x"], /b exists already/],
    ["a file is not there", ["*** Delete File: none"], /none does not exist/],
    ["a move would replace a file", ["*** Update File: c", "*** Move to: b"], /b exists already/],
    ["a file is named twice", ["*** Update File: ./a", "-x", "+y"], /names a twice/],
  ])("changes nothing where %s", async (_what, lines, problem) => {
    put("b", "b\n");
    put("c", "c\n");
    await expect(patch("*** Add File: a", "+a", ...lines)).rejects.toThrow(problem);
    expect([readdirSync(place.path).toSorted(), text("b"), place.permits]).toEqual([["b", "c"], "b\n", []]);
  });

  test("changes nothing where its files are too much together", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `large-${index}`);
    for (const name of names) {
      put(name, "");
      truncateSync(at(name), 9 * 1024 * 1024);
    }
    await expect(patch(...names.map((name) => `*** Delete File: ${name}`))).rejects.toThrow(
      /more than 67108864 bytes together/,
    );
    expect([readdirSync(place.path).toSorted(), place.permits]).toEqual([names, []]);
  });

  test("is taken back where one of them fails in the midst", async () => {
    put("b", "b\n");
    chmodSync(at("b"), 0o751);
    put("c", "c\n");
    mkdirSync(at("d"));
    let asked = 0;
    place.onPermit = () => {
      // What was a directory when it was looked at is a link when it is written.
      if ((asked += 1) < 2) return;
      renameSync(at("d"), at("moved"));
      symlinkSync(join(place.top, "outside"), at("d"));
    };
    await expect(
      patch(
        "*** Delete File: b",
        "*** Update File: c",
        "-c",
        "+C",
        "*** Add File: n/a",
        "+a",
        "*** Add File: d/x",
        "+x",
      ),
    ).rejects.toThrow(/way to d\/x was changed/);
    expect([text("b"), statSync(at("b")).mode & 0o777, text("c"), existsSync(at("n"))]).toEqual([
      "b\n",
      0o751,
      "c\n",
      false,
    ]);
    expect(readdirSync(join(place.top, "outside"))).toEqual([]);
  });
});
