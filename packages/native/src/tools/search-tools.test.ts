import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FakeClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolPlace, type ToolPlace } from "../../test/tool-place.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { listTool } from "./list.ts";

let place: ToolPlace;
const put = (name: string, content: string | Buffer = "") => {
  mkdirSync(dirname(join(place.path, name)), { recursive: true });
  writeFileSync(join(place.path, name), content);
};
const glob = async (input: object) => (await place.run(globTool, input)).output.split("\n");
const grep = async (input: object) => (await place.run(grepTool, input)).output;
const git = (...args: string[]) => execFileSync("git", args, { cwd: place.path, stdio: "ignore" });

beforeEach(async () => {
  place = await toolPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

/** A tree in which some is ignored, by the top and by a directory of it. */
function putTree(): void {
  put(".gitignore", "*.log\n/build\n!keep.log\n");
  put("src/.gitignore", "generated\n");
  for (const name of ["a.ts", "src/b.ts", "src/c.js", "keep.log"]) put(name, "needle\n");
  for (const name of ["x.log", "build/d.ts", "src/generated/e.ts", "node_modules/m/f.ts"])
    put(name, "needle\n");
}

describe.each([true, false])("[A-26] in a repository of git: %s", (isRepository) => {
  beforeEach(() => {
    putTree();
    if (isRepository) {
      writeFileSync(join(place.path, ".gitignore"), "*.log\n/build\n!keep.log\nnode_modules\n");
      git("init", "-q");
      git("add", "a.ts");
    }
  });

  test("glob finds files, and not those that are ignored", async () => {
    expect((await glob({ pattern: "*.ts" })).toSorted()).toEqual(["a.ts", "src/b.ts"]);
    expect((await glob({ pattern: "*.log" })).toSorted()).toEqual(["keep.log"]);
    expect(await glob({ pattern: "src/*.{ts,js}", path: "." })).toHaveLength(2);
    expect(await glob({ pattern: "*.ts", path: "src" })).toEqual(["src/b.ts"]);
    expect(await glob({ pattern: "*.py" })).toEqual(["No file matches."]);
  });

  test("grep finds lines in them, and in what is ignored only by its name", async () => {
    expect(await grep({ pattern: "need+le", include: "*.ts" })).toBe(
      "a.ts:\n  1: needle\n\nsrc/b.ts:\n  1: needle",
    );
    expect(await grep({ pattern: "needle", path: "build" })).toBe("build/d.ts:\n  1: needle");
    expect(await grep({ pattern: "needle", path: "x.log" })).toBe("x.log:\n  1: needle");
  });
});

describe("[A-26] glob", () => {
  test("gives those that were changed last first, at most 200", async () => {
    for (let at = 0; at < 210; at += 1) {
      put(`${at}.txt`);
      utimesSync(join(place.path, `${at}.txt`), at, at);
    }
    const found = await glob({ pattern: "*.txt" });
    expect([found[0], found[199], found[200]]).toEqual([
      "209.txt",
      "10.txt",
      "(10 more. Use a narrower pattern or path.)",
    ]);
  });

  test("leaves out what git tracks and is gone, and follows no link", async () => {
    put("a.txt");
    put("b.txt");
    git("init", "-q");
    git("add", ".");
    execFileSync("rm", [join(place.path, "b.txt")]);
    symlinkSync(join(place.top, "outside"), join(place.path, "link"));
    writeFileSync(join(place.top, "outside/c.txt"), "");
    expect(await glob({ pattern: "**" })).toEqual(expect.arrayContaining(["a.txt", "link"]));
    expect(await glob({ pattern: "*.txt" })).toEqual(["a.txt"]);
  });

  test("asks before it looks outside of the workspace", async () => {
    await place.run(globTool, { pattern: "*", path: "../outside" });
    await place.run(listTool, { path: "../outside" });
    await place.run(grepTool, { pattern: "x", path: "../outside" });
    expect(place.permits.map(({ kind, patterns }) => [kind, patterns])).toEqual(
      Array.from({ length: 3 }, () => ["other", [join(place.top, "outside")]]),
    );
  });
});

describe("[A-26] grep", () => {
  test("takes a regular expression, or text as it is, in either case", async () => {
    put("a", "One (1)\ntwo\r\n");
    expect(await grep({ pattern: "^two$" })).toBe("a:\n  2: two");
    expect(await grep({ pattern: "(?i)ONE" })).toBe("a:\n  1: One (1)");
    expect(await grep({ pattern: "one", ignoreCase: true })).toBe("a:\n  1: One (1)");
    expect(await grep({ pattern: "(1)", literal: true })).toBe("a:\n  1: One (1)");
    expect(await grep({ pattern: "one" })).toBe("No line matches.");
    await expect(grep({ pattern: "(" })).rejects.toThrow(/Invalid regular expression/);
  });

  test("gives 200 lines, the piece of a long one in which it matches, and nothing of what is no text", async () => {
    put("a", "x\n".repeat(300));
    put("b", `${"y".repeat(1_000)}needle${"z".repeat(1_000)}`);
    put("c", Buffer.from("needle\0"));
    expect(await grep({ pattern: "x" })).toMatch(/ {2}200: x\n\(Only the first 200 lines/);
    const found = await grep({ pattern: "needle" });
    expect(found).toMatch(/^b:\n {2}1: …y+needlez+…$/);
    expect(found.length).toBeLessThan(450);
    expect(await grep({ pattern: "needle", path: "c" })).toMatch(/is no text/);
  });

  test("is ended with what it found when its pattern takes for ever", async () => {
    put("a", "aaa\n");
    put("b", `${"a".repeat(60)}!\n`);
    put("c", "aaa\n");
    const clock = new FakeClock();
    place.clock = clock;
    const searching = grep({ pattern: "^(a+)+$" });
    // The program goes on meanwhile, and its clock tells when it is enough.
    const turning = setInterval(() => clock.advance(1_000), 20);
    try {
      expect(await searching).toMatch(/took too long and was ended/);
    } finally {
      clearInterval(turning);
    }
  });

  test("ends at once when the turn is stopped", async () => {
    put("b", `${"a".repeat(60)}!\n`);
    const searching = grep({ pattern: "^(a+)+$" });
    place.leave.abort(new Error("stopped"));
    await expect(searching).rejects.toThrow("stopped");
  });

  test("shows names that hold anything on one line", async () => {
    put("evil\n  1: needle", "needle\n");
    expect(await grep({ pattern: "needle" })).toBe(`${String.raw`evil\u000a  1: needle`}:\n  1: needle`);
  });

  test("starts nothing that a repository names in its configuration", async () => {
    put("a", "needle\n");
    git("init", "-q");
    const mark = join(place.top, "ran");
    git("config", "core.fsmonitor", `touch ${mark}; false`);
    await grep({ pattern: "needle" });
    expect(existsSync(mark)).toBe(false);
  });
});
