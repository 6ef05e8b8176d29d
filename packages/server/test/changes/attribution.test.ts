import { execFileSync } from "node:child_process";
import { chmodSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { TrackedProject } from "./tracked-project.ts";

const lines = (count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join("");
const agents = (row: { contributions: { agent: string }[] }) => row.contributions.map(({ agent }) => agent);
const origins = (row: { hunks: { origins: { agent: string }[] }[] }) =>
  row.hunks.map((hunk) => hunk.origins.map(({ agent }) => agent));

/** The clock of files is the matter here: nothing but time brings the next second. */
const atStartOfSecond = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 1_005 - (Date.now() % 1_000)));

describe("whose a change is, in a repository", () => {
  test("[W-4] two agents edit different lines of a file: one change, two contributions, each hunk names its agent", async () => {
    await using project = await TrackedProject.open({ "src/a.txt": lines(40) });
    const first = await project.turn({ agent: "qwen", touched: ["src/a.txt"] }, () =>
      project.edit("src/a.txt", 5, "by qwen"),
    );
    const second = await project.turn({ agent: "goose", touched: ["src/a.txt"] }, () =>
      project.edit("src/a.txt", 30, "by goose"),
    );
    const row = await project.change("src/a.txt");
    expect(row).toMatchObject({ kind: "modified", revision: 2, agent: "goose", turnId: second.turnId });
    expect(agents(row)).toEqual(["qwen", "goose"]);
    expect(row.contributions.map(({ turnId }) => turnId)).toEqual([first.turnId, second.turnId]);
    expect(origins(row)).toEqual([["qwen"], ["goose"]]);
    expect(row.hunks.map(({ newStart, newLines }) => [newStart, newLines])).toEqual([
      [5, 1],
      [30, 1],
    ]);
    expect(row.contributions.map(({ hunks }) => hunks)).toEqual(row.hunks.map(({ id }) => [id]));
    expect(second.files?.files).toEqual([join(project.directory, "src/a.txt")]);
    expect(second.files?.totals).toEqual({ files: 1, additions: 1, deletions: 1 });
  });

  test("[R-1.8, W-5] a tree behind a step holds what was there, and nothing is attributed by it", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    project.edit("a.txt", 1, "first");
    const before = await project.tracking();
    const tree = await project.tracker.step(started, 1);
    expect(tree).toMatch(/^[0-9a-f]{40,64}$/);
    expect(await project.tracking()).toEqual(before);
    expect(await project.changes()).toEqual([]);
    project.edit("a.txt", 5, "second");
    const files = await project.end(started);
    expect(files?.totals).toEqual({ files: 1, additions: 2, deletions: 2 });
    expect(files?.snapshot).not.toBe(tree);
    const row = await project.change("a.txt");
    expect(origins(row)).toEqual([["rehearsal"], ["rehearsal"]]);
    expect(project.git("show", `${tree}:a.txt`)).toContain("first");
    expect(project.git("show", `${tree}:a.txt`)).not.toContain("second");
    expect(await project.tracker.step(started, 2)).toBeUndefined();
  });

  test.runIf(isWhole)(
    "[W-4] a turn that moves another one's lines leaves them to it, and one that edits them shares them",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(40) });
      await project.turn({ agent: "qwen", touched: ["a.txt"] }, () => project.edit("a.txt", 20, "by qwen"));
      await project.turn({ agent: "goose", touched: ["a.txt"] }, () =>
        project.write("a.txt", `new\nnew\n${project.read("a.txt")}`),
      );
      expect(origins(await project.change("a.txt"))).toEqual([["goose"], ["qwen"]]);
      await project.turn({ agent: "goose", touched: ["a.txt"] }, () => project.edit("a.txt", 22, "by goose"));
      expect(origins(await project.change("a.txt"))).toEqual([["goose"], ["goose", "qwen"]]);
    },
  );

  test("[W-5] the user's edit between turns is the user's; what nobody names within one is shared", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": lines(9) });
    const { sessionId } = await project.turn({}, () => undefined);
    project.edit("a.txt", 1, "by the user");
    await project.turn({ sessionId, touched: ["b.txt"] }, () => {
      project.edit("b.txt", 1, "by the agent");
      project.write("c.txt", "by whom?\n");
    });
    expect((await project.change("a.txt")).agent).toBe("user");
    expect((await project.change("a.txt")).turnId).toBeUndefined();
    expect((await project.change("b.txt")).agent).toBe("rehearsal");
    const shared = await project.change("c.txt");
    expect([shared.kind, shared.agent, shared.sessionId]).toEqual(["added", "shared", sessionId]);
  });

  test.runIf(isWhole)(
    "[A-27, W-5] what changed before an agent began by itself is nobody's for sure; what changes while another turn has the workspace is shared",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": lines(9) });
      const { sessionId } = await project.turn({}, () => undefined);
      project.edit("a.txt", 1, "by whom?");
      const own = await project.beginByItself(sessionId);
      expect((await project.change("a.txt")).agent).toBe("unknown");
      await project.end(own);
      const held = await project.begin({ agent: "qwen", touched: ["b.txt"] });
      const second = await project.beginByItself(sessionId);
      project.edit("b.txt", 1, "by qwen");
      project.write("c.txt", "by whom?\n");
      await project.end(second);
      await project.end(held);
      expect((await project.change("b.txt")).agent).toBe("qwen");
      expect((await project.change("c.txt")).agent).toBe("shared");
    },
  );

  test.runIf(isWhole)(
    "[W-5] a look at the files between turns stamps them too, and looking again adds nothing",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9) });
      await project.turn({}, () => undefined);
      project.edit("a.txt", 1, "by the user");
      await project.refresh();
      const first = await project.change("a.txt");
      await project.refresh();
      expect(await project.change("a.txt")).toEqual(first);
      project.edit("a.txt", 2, "by the user");
      await project.refresh();
      const second = await project.change("a.txt");
      expect([second.revision, agents(second), origins(second)]).toEqual([2, ["user"], [["user"]]]);
    },
  );

  test.runIf(isWhole)(
    "[W-3] an edit of equal length in the very second of the index is seen, whenever the snapshot is taken",
    async () => {
      for (const git of [true, false]) {
        await using project = await TrackedProject.open({ "a.txt": "aaaa\n" }, { git });
        await project.turn({}, () => undefined);
        // What counts for git is whole seconds: let the index, the file and its edit have the same one, and the look another.
        await atStartOfSecond();
        project.write("a.txt", "cccc\n");
        if (git) project.git("add", "a.txt");
        else await project.refresh();
        project.write("a.txt", "bbbb\n");
        await atStartOfSecond();
        await project.refresh();
        const { after } = await project.change("a.txt");
        const written = execFileSync("git", ["hash-object", join(project.directory, "a.txt")], {
          encoding: "utf8",
        });
        expect(after?.blob).toBe(written.trim());
      }
    },
  );

  test("[W-4] commits that the agent makes are its work too", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    await project.turn({ touched: ["a.txt"] }, () => {
      project.edit("a.txt", 3, "committed");
      project.git("commit", "-q", "-am", "mine");
    });
    const row = await project.change("a.txt");
    expect([row.kind, row.agent, origins(row)]).toEqual(["modified", "rehearsal", [["rehearsal"]]]);
  });

  test.runIf(isWhole)("[W-4] a path that is what it was has no change any more", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    await project.turn({ touched: ["a.txt"] }, () => project.edit("a.txt", 3, "other"));
    expect(await project.changes()).toHaveLength(1);
    await project.turn({ touched: ["a.txt"] }, () => project.write("a.txt", lines(9)));
    expect(await project.changes()).toEqual([]);
  });

  test("[W-4] binary files, renames, modes, links, line ends and names that are not UTF-8", async () => {
    await using project = await TrackedProject.open({
      "picture.bin": Buffer.from([0, 1, 2, 3]),
      "run.sh": "#!/bin/sh\n",
      "windows.txt": lines(9).replaceAll("\n", "\r\n"),
      "old name.txt": lines(30),
    });
    const odd = Buffer.concat([Buffer.from(`${project.directory}/caf`), Buffer.from([0xe9])]);
    const touched = ["picture.bin", "run.sh", "link", "windows.txt", "new name.txt"];
    const { files } = await project.turn({ touched }, () => {
      project.write("picture.bin", Buffer.from([0, 9, 9, 9]));
      chmodSync(join(project.directory, "run.sh"), 0o755);
      symlinkSync("/etc/passwd", join(project.directory, "link"));
      project.edit("windows.txt", 4, "changed\r");
      renameSync(join(project.directory, "old name.txt"), join(project.directory, "new name.txt"));
      project.edit("new name.txt", 9, "changed");
      writeFileSync(odd, "odd\n");
    });
    const rows = new Map((await project.changes()).map((row) => [row.key, row]));
    const facts = [...rows].map(([key, row]) => [key, row.kind, row.agent, row.hunks.length]);
    expect(facts).toEqual([
      ["caf\u00e9", "added", "shared", 1],
      ["link", "added", "rehearsal", 1],
      ["new name.txt", "renamed", "rehearsal", 1],
      ["picture.bin", "modified", "rehearsal", 0],
      ["run.sh", "mode", "rehearsal", 0],
      ["windows.txt", "modified", "rehearsal", 1],
    ]);
    expect(rows.get("new name.txt")).toMatchObject({ oldKey: "old name.txt", oldPath: "old name.txt" });
    expect(rows.get("picture.bin")?.binary).toBe(true);
    expect(rows.get("link")?.after?.mode).toBe("120000");
    expect(rows.get("run.sh")).toMatchObject({ before: { mode: "100644" }, after: { mode: "100755" } });
    expect(rows.get("windows.txt")).toMatchObject({ additions: 1, deletions: 1 });
    expect(rows.get("caf\u00e9")?.path).toBe("caf\ufffd");
    expect(files?.files).toContain(join(project.directory, "old name.txt"));
    // Binary files and modes have no lines, and a file under a new name is one.
    expect(files?.totals).toEqual({ files: 6, additions: 4, deletions: 2 });
  });

  test.runIf(isWhole)("[W-4] a rename keeps what was done to the file before it", async () => {
    await using project = await TrackedProject.open({ "old.txt": lines(30) });
    await project.turn({ agent: "qwen", touched: ["old.txt"] }, () => project.edit("old.txt", 3, "by qwen"));
    await project.turn({ agent: "goose", touched: ["new.txt"] }, () => {
      project.git("mv", "old.txt", "new.txt");
      project.edit("new.txt", 25, "by goose");
    });
    const [row, ...rest] = await project.changes();
    expect(rest).toEqual([]);
    expect([row?.key, row?.oldKey, row?.kind]).toEqual(["new.txt", "old.txt", "renamed"]);
    expect([row && agents(row), row && origins(row)]).toEqual([
      ["qwen", "goose"],
      [["qwen"], ["goose"]],
    ]);
  });

  test.runIf(isWhole)(
    "[W-3] a turn of very many files has a row for each, with hunks as far as they are counted",
    async () => {
      await using project = await TrackedProject.open();
      const count = 3_000;
      await project.turn({}, () => {
        for (let at = 0; at < count; at += 1) project.write(`many/${at}.txt`, `${at}\n`);
      });
      const rows = await project.changes();
      expect(rows).toHaveLength(count);
      expect(rows.filter(({ hunks }) => hunks.length > 0)).toHaveLength(1_000);
      expect(new Set(rows.map(({ agent }) => agent))).toEqual(new Set(["shared"]));
    },
  );
});

describe("a branch that moves", () => {
  test.runIf(isWhole)(
    "[W-5] what a checkout of a commit that was there brings is one entry and nobody's change; it goes when HEAD is back",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": lines(9) });
      project.git("checkout", "-q", "-b", "other");
      project.edit("a.txt", 3, "on the other branch");
      project.write("only-there.txt", "there\n");
      project.git("add", "-A");
      project.git("commit", "-q", "-m", "other");
      const other = project.git("rev-parse", "HEAD");
      project.git("checkout", "-q", "main");
      const main = project.git("rev-parse", "HEAD");
      project.clock.shiftMs += 10_000;
      const { sessionId } = await project.turn({ touched: ["b.txt"] }, () => {
        project.edit("b.txt", 5, "by the agent");
        project.git("checkout", "-q", "other");
      });
      const rows = await project.changes();
      expect(rows.map(({ kind, path }) => [kind, path])).toEqual([
        ["branchMoved", "HEAD"],
        ["modified", "b.txt"],
      ]);
      expect(rows[0]).toMatchObject({ before: { blob: main }, after: { blob: other } });
      await project.turn({ sessionId }, () => project.git("checkout", "-q", "main"));
      expect((await project.changes()).map(({ path }) => path)).toEqual(["b.txt"]);
    },
  );

  test.runIf(isWhole)(
    "[W-5] the user's own checkout and commit between turns are no changes either",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9) });
      const { sessionId } = await project.turn({}, () => undefined);
      project.edit("a.txt", 3, "committed by the user");
      project.git("commit", "-q", "-am", "by the user");
      await project.turn({ sessionId }, () => undefined);
      expect((await project.changes()).map(({ kind }) => kind)).toEqual(["branchMoved"]);
    },
  );
});

describe("a directory without git", () => {
  test("[W-3, W-5] is watched by a repository of the program's own, and nothing is left in it", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) }, { git: false });
    await project.turn({ touched: ["a.txt"] }, () => project.edit("a.txt", 2, "by the agent"));
    project.write("node_modules/x/index.js", "x");
    project.edit("a.txt", 8, "by the user");
    await project.refresh();
    const rows = await project.changes();
    expect(rows.map(({ path }) => path)).toEqual(["a.txt"]);
    expect(rows.map(origins)).toEqual([[["rehearsal"], ["user"]]]);
    const { uncaptured } = await project.tracking();
    expect(uncaptured).toEqual([{ path: "node_modules/", reason: "excluded" }]);
  });
});
