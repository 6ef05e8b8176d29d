import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Change,
  ChangeOperation,
  ChangeResult,
  PruneReport,
  RiskReport,
  Session,
  Worktree,
} from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse } from "./command.ts";

const house = createHouse();
let project: string;

const git = (...args: string[]): string => gitIn(project, ...args);
const gitIn = (directory: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.invalid", ...args], {
    cwd: directory,
    env: { PATH: house.environment["PATH"], HOME: house.root, GIT_CONFIG_NOSYSTEM: "1" },
    encoding: "utf8",
  }).trim();

beforeAll(async () => {
  await house.serve();
  project = join(house.root, "repository");
  mkdirSync(project);
  git("init", "-q", "-b", "main");
  writeFileSync(join(project, "a.txt"), "one\ntwo\nthree\n");
  writeFileSync(join(project, ".gitignore"), ".env\n");
  git("add", ".");
  git("commit", "-q", "-m", "first");
  writeFileSync(join(project, ".env"), "SECRET=1\n");
});
afterAll(() => house.close());

/** A project of which only `in` is on the disk. */
function makeSparse(name: string): string {
  const sparse = join(house.root, name);
  for (const directory of ["in", "out"]) mkdirSync(join(sparse, directory), { recursive: true });
  for (const file of ["in/f", "out/f", "out/g"]) writeFileSync(join(sparse, file), `${file}\n`);
  gitIn(sparse, "init", "-q", "-b", "main");
  gitIn(sparse, "add", ".");
  gitIn(sparse, "commit", "-q", "-m", "first");
  gitIn(sparse, "sparse-checkout", "set", "in");
  return sparse;
}

const must = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await house.run(args);
  if (code !== 0) throw new Error(`holdfast ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout.trim();
};
const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await must(...args, "--json")) as T;
const fresh = (...more: string[]) => freshIn(project, ...more);
const freshIn = (directory: string, ...more: string[]) =>
  must("session", "new", "-C", directory, "-a", "rehearsal", "--approval-mode", "all", ...more);
const say = (id: string, ...lines: string[]) => must("run", "-s", id, lines.join("\n"));
const pathsOf = async (place: string) =>
  (await json<{ items: Change[] }>("changes", "list", place)).items.map(({ path }) => path).toSorted();
const worktreeOf = async (id: string): Promise<Worktree> => {
  const { workspaceId } = await json<{ session: Session }>("session", "show", id).then(
    ({ session }) => session,
  );
  const { items } = await json<{ items: Worktree[] }>("worktree", "list", "--all");
  const found = items.find((worktree) => worktree.workspaceId === workspaceId);
  if (found === undefined) throw new Error(`${id} works in no worktree`);
  return found;
};

describe("[I-9] changes", () => {
  test("[W-6, W-7, I-11] list, diff, a hunk, a path, a conflict, undo and the log, in a worktree", async () => {
    const id = await fresh("--worktree");
    await say(id, "BASH printf 'ONE\\ntwo\\nTHREE\\n' > a.txt", "WRITE b.txt new");
    const listed = await house.run(["changes", "list", id]);
    expect(listed.stdout).toMatch(/^chg_\w+ +modified +\+2 -2 +rehearsal +a\.txt/m);
    expect(listed.stdout).toMatch(/^chg_\w+ +added +\+1 -0 +rehearsal +b\.txt/m);
    expect(listed.stderr).toContain("2 pending changes in the worktree");

    const { workspaceId } = await worktreeOf(id);
    for (const place of [workspaceId, (await worktreeOf(id)).id])
      expect(await pathsOf(place)).toEqual(["a.txt", "b.txt"]);
    const patch = await must("changes", "diff", id, "a.txt");
    expect(patch).toMatch(
      /^# chg_\w+ rehearsal\n# hunk \w+ -1,1 \+1,1 rehearsal\n# hunk \w+ -3,1 \+3,1 rehearsal\n/,
    );
    // Read by git as it is.
    writeFileSync(join(house.root, "a.patch"), `${patch}\n`);
    expect(git("apply", "--check", "--unidiff-zero", join(house.root, "a.patch"))).toBe("");

    const [first = ""] = /(?<=# hunk )\w+/.exec(patch) ?? [];
    const operation = await must("changes", "apply", id, "a.txt", "--hunk", first);
    expect(operation).toMatch(/^opr_/);
    expect(readFileSync(join(project, "a.txt"), "utf8")).toBe("ONE\ntwo\nthree\n");
    expect(await pathsOf(id)).toEqual(["a.txt", "b.txt"]);

    writeFileSync(join(project, "a.txt"), "ONE\ntwo\nby a person\n");
    const refused = await house.run(["changes", "apply", id, "--all"]);
    expect(refused).toMatchObject({ code: 7, stdout: "" });
    expect(refused.stderr).toMatch(/^ {2}a\.txt: .*\(base \w{10}, checkout \w{10}, change \w{10}\)$/m);
    expect(existsSync(join(project, "b.txt"))).toBe(false);

    const applied = await json<ChangeResult>("changes", "apply", id, "b.txt");
    expect(applied.applied).toEqual(["b.txt"]);
    writeFileSync(join(project, "b.txt"), "by a person since");
    const kept = await house.run(["changes", "undo", id]);
    expect(kept).toMatchObject({ code: 7, stdout: "" });
    expect(kept.stderr).toMatch(/^ {2}b\.txt: .*\(base \w{10}, checkout \w{10}, change none\)$/m);
    expect(readFileSync(join(project, "b.txt"), "utf8")).toBe("by a person since");
    writeFileSync(join(project, "b.txt"), "new");
    await must("changes", "undo", id);
    expect(existsSync(join(project, "b.txt"))).toBe(false);
    expect((await house.run(["changes", "undo", id, applied.operationId])).code).not.toBe(0);
    const { items: log } = await json<{ items: ChangeOperation[] }>("changes", "log", id);
    expect(log.map(({ kind, paths }) => [kind, paths])).toEqual([
      ["undo", ["b.txt"]],
      ["apply", ["b.txt"]],
      ["apply", ["a.txt"]],
    ]);
    expect(await must("changes", "log", id)).toContain(`undo of ${applied.operationId}`);

    const rejected = await house.run(["changes", "reject", id, "--all"]);
    expect([rejected.code, rejected.stderr]).toEqual([
      0,
      expect.stringMatching(/^Rejected: .*b\.txt/) as string,
    ]);
    expect(await house.run(["changes", "list", id])).toMatchObject({ code: 0, stdout: "" });
    expect((await house.run(["changes", "apply", id, "--all"])).stderr).toBe("No pending changes.\n");
    git("checkout", "-q", "a.txt");
  });

  test.runIf(isWhole)(
    "[W-7] in the directory itself apply says that it accepts, and accept belongs there only",
    async () => {
      const id = await fresh();
      await say(id, "WRITE c.txt new");
      const accepted = await house.run(["changes", "apply", project, "c.txt"]);
      expect([accepted.code, accepted.stderr]).toEqual([0, "Accepted: c.txt.\n"]);
      expect(readFileSync(join(project, "c.txt"), "utf8")).toBe("new");
      const other = await fresh("--worktree");
      await say(other, "WRITE d.txt new");
      expect((await house.run(["changes", "accept", other, "--all"])).code).toBe(2);
      expect(await pathsOf(other)).toEqual(["d.txt"]);
    },
  );

  test.runIf(isWhole)(
    "[W-6, W-7, W-8] what a sparse checkout leaves off the disk is not deleted: apply, undo, reject",
    async () => {
      const sparse = makeSparse("sparse");
      const id = await freshIn(sparse, "--worktree");
      const { path } = await worktreeOf(id);
      expect(existsSync(join(path, "out"))).toBe(false);
      await say(id, "BASH mkdir out && echo changed > out/f && echo also > in/f && echo new > out/new");
      expect(await pathsOf(id)).toEqual(["in/f", "out/f", "out/new"]);
      const applied = await must("changes", "apply", id, "--all");
      expect(readFileSync(join(sparse, "out/f"), "utf8")).toBe("changed\n");
      expect(existsSync(join(sparse, "out/g"))).toBe(false);
      await must("changes", "undo", id, applied);
      expect(existsSync(join(sparse, "out"))).toBe(false);
      expect(gitIn(sparse, "status", "--porcelain")).toBe("");
      // git takes the mark off a file that is there: then it expects one.
      const again = await must("changes", "apply", id, "out/f");
      expect(gitIn(sparse, "status", "--porcelain")).toBe("M out/f");
      await must("changes", "undo", id, again);
      expect(gitIn(sparse, "status", "--porcelain")).toBe("");

      await must("changes", "reject", id, "out/f");
      expect(existsSync(join(path, "out/f"))).toBe(false);
      expect(await pathsOf(id)).toEqual(["in/f", "out/new"]);
    },
  );

  test.runIf(isWhole)(
    "[W-8, W-10, W-11] what a sparse checkout leaves off the disk is no risk, and comes back as it was",
    async () => {
      const sparse = makeSparse("sparse-rescue");
      const id = await freshIn(sparse, "--worktree");
      const { id: worktreeId, path } = await worktreeOf(id);
      expect((await json<{ risk: RiskReport }>("worktree", "show", worktreeId)).risk.safe).toBe(true);
      await say(
        id,
        "BASH mkdir out && echo kept > out/f && echo new > out/new && echo also > in/f && git add in/f",
      );
      await must("worktree", "remove", worktreeId, "--discard");
      await must("worktree", "restore", worktreeId);
      expect(readFileSync(join(path, "out/f"), "utf8")).toBe("kept\n");
      expect(existsSync(join(path, "out/g"))).toBe(false);
      expect(gitIn(path, "status", "--porcelain")).toBe("M  in/f\n M out/f\n?? out/new");

      await say(id, "BASH git sparse-checkout disable && rm out/g");
      const refused = await house.run(["changes", "apply", id, "out/g"]);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain("outside of the sparse checkout");
      await must("worktree", "remove", worktreeId, "--discard");
      await must("worktree", "restore", worktreeId);
      expect(gitIn(path, "status", "--porcelain")).toBe("M  in/f\n M out/f\n D out/g\n?? out/new");
      expect(readFileSync(join(path, "out/f"), "utf8")).toBe("kept\n");
    },
  );

  test.runIf(isWhole)("[I-11] what is not said, not there or not known", async () => {
    const id = await fresh();
    const code = async (...args: string[]) => (await house.run(["changes", ...args])).code;
    expect(await code("apply", id)).toBe(2);
    expect(await code("apply", id, "a.txt", "--all")).toBe(2);
    expect(await code("apply", id, "a.txt", "b.txt", "--hunk", "x")).toBe(2);
    expect(await code("apply", id, "none.txt")).toBe(4);
    expect(await code("apply", id, `chg_${"0".repeat(26)}`)).toBe(4);
    expect(await code("undo", `ses_${"0".repeat(26)}`)).toBe(4);
    expect(await code("list", `wkt_${"0".repeat(26)}`)).toBe(4);
    expect(await code("list", house.root)).toBe(4);
  });
});

describe("[I-9] worktrees", () => {
  test.runIf(isWhole)(
    "[W-10, W-11, I-11] show, a refusal with its report, removal with --discard, and restoring",
    async () => {
      const id = await fresh("--worktree");
      await say(id, "WRITE e.txt precious");
      const { id: worktreeId, path, branch } = await worktreeOf(id);
      const shown = await house.run(["worktree", "show", worktreeId]);
      expect(shown.stdout).toContain(branch);
      expect(shown.stderr).toMatch(/untracked: .*e\.txt \[kept in a rescue ref\]/);
      const risk = await json<{ risk: RiskReport }>("worktree", "show", worktreeId);
      expect(risk.risk).toMatchObject({ safe: false });

      const refused = await house.run(["worktree", "remove", worktreeId]);
      expect(refused).toMatchObject({ code: 7, stdout: "" });
      expect(refused.stderr).toMatch(/e\.txt[^]*Repeat with --discard/);
      // The API's own words hold no flag of somebody else's, and the report is told once.
      expect(refused.stderr).not.toContain("discard=true");
      expect(refused.stderr.match(/is untracked/g)).toHaveLength(1);
      expect(existsSync(join(path, "e.txt"))).toBe(true);
      const removed = await house.run(["worktree", "remove", worktreeId, "--discard"]);
      expect(removed.code).toBe(0);
      expect(removed.stderr).toContain(`holdfast worktree restore ${worktreeId}`);
      expect(existsSync(path)).toBe(false);
      expect(await must("worktree", "list")).not.toContain(worktreeId);
      expect(await must("worktree", "list", "--all", "-C", project)).toMatch(
        new RegExp(`${worktreeId} +removed .*rescued until`),
      );

      // Its history stays readable; work there says what is missing (W-13).
      expect((await house.run(["session", "show", id])).code).toBe(0);
      expect((await house.run(["run", "-s", id, "SAY hi"])).code).toBe(1);
      expect(await must("worktree", "restore", worktreeId)).toBe(path);
      expect(readFileSync(join(path, "e.txt"), "utf8")).toBe("precious");
      await say(id, "SAY hi");
    },
  );

  test.runIf(isWhole)(
    "[W-3, W-10, W-11] work that git does not list is named, stops a removal, and comes back",
    async () => {
      const clone = join(house.root, "clone");
      mkdirSync(join(clone, "vendor/lib"), { recursive: true });
      gitIn(clone, "init", "-q", "-b", "main");
      gitIn(clone, "update-index", "--add", "--cacheinfo", `160000,${git("rev-parse", "HEAD")},vendor/lib`);
      gitIn(clone, "commit", "-q", "-m", "a submodule that is not filled");
      const work = [
        "WRITE vendor/lib/work.txt an hour",
        "BASH mkdir -p half/.GIT half/void && printf two > half/.GIT/refused.txt",
      ];
      const names = [/vendor\/lib\/work\.txt/, /half\/\.GIT\/refused\.txt/];

      const inPlace = await freshIn(clone);
      await say(inPlace, ...work);
      const listed = await house.run(["changes", "list", inPlace]);
      for (const name of names) expect(listed.stderr).toMatch(new RegExp(`Not captured: .*${name.source}`));

      const id = await freshIn(clone, "--worktree");
      await say(id, ...work);
      const { id: worktreeId, path } = await worktreeOf(id);
      for (const command of [
        ["worktree", "show", worktreeId],
        ["worktree", "remove", worktreeId],
        ["session", "delete", id],
      ]) {
        const { code, stderr } = await house.run(command);
        expect(code).toBe(command[1] === "show" ? 0 : 7);
        for (const name of names) expect(stderr).toMatch(name);
      }
      await must("worktree", "remove", worktreeId, "--discard");
      expect(existsSync(path)).toBe(false);
      gitIn(clone, "gc", "-q", "--prune=now");
      expect((await house.run(["worktree", "show", worktreeId])).stdout).toMatch(/rescue .*beside/);
      await must("worktree", "restore", worktreeId);
      expect(readFileSync(join(path, "vendor/lib/work.txt"), "utf8")).toBe("an hour");
      expect(readFileSync(join(path, "half/.GIT/refused.txt"), "utf8")).toBe("two");
      expect(existsSync(join(path, "half/void"))).toBe(true);
    },
  );

  test.runIf(isWhole)(
    "[W-1] a second session works where the first does, and the last one takes the worktree along",
    async () => {
      const first = await fresh("--worktree");
      const second = await fresh("--workspace", first);
      const { id: worktreeId, path } = await worktreeOf(second);
      expect((await worktreeOf(first)).id).toBe(worktreeId);
      await must("session", "delete", first);
      expect(existsSync(path)).toBe(true);
      await must("session", "delete", second);
      expect(existsSync(path)).toBe(false);
      expect((await house.run(["session", "new", "--worktree", "-w", second])).code).toBe(2);
      expect((await house.run(["session", "new", "--base", "dirty"])).code).toBe(2);
      expect((await house.run(["run", "-s", second, "--worktree", "SAY hi"])).code).toBe(2);
    },
  );

  test.runIf(isWhole)(
    "[W-2] settings are shown and set; a new worktree is made by them, from the checkout as it is when asked",
    async () => {
      await fresh();
      const settings = (...flags: string[]) =>
        json<{ worktree: unknown }>("worktree", "settings", project, ...flags).then(
          ({ worktree }) => worktree,
        );
      expect(await settings()).toEqual({});
      expect(await settings("--copy", ".env", "--setup", '["sh", "-c", "echo made > made.log"]')).toEqual({
        copy: [".env"],
        setup: ["sh", "-c", "echo made > made.log"],
      });
      expect(await settings("--teardown", "true", "--no-hooks")).toMatchObject({
        copy: [".env"],
        teardown: ["true"],
        hooks: false,
      });
      expect(await must("worktree", "settings", project)).toMatch(
        /setup +\["sh","-c","echo made > made\.log"\]/,
      );

      writeFileSync(join(project, "dirty.txt"), "not committed\n");
      const { directory } = (
        await json<{ session: Session }>("session", "show", await fresh("--worktree", "--base", "dirty"))
      ).session;
      expect(readFileSync(join(directory, ".env"), "utf8")).toBe("SECRET=1\n");
      expect(readFileSync(join(directory, "made.log"), "utf8")).toBe("made\n");
      expect(readFileSync(join(directory, "dirty.txt"), "utf8")).toBe("not committed\n");
      expect(await settings("--clear")).toEqual({});
      const said = await house.run(["run", "--worktree", "-C", project, "-a", "rehearsal", "BASH ls -A"]);
      expect(said.stdout).not.toContain("made.log");
    },
  );

  test.runIf(isWhole)("[W-12] prune says what it would do, and keeps what is used or recent", async () => {
    const id = await fresh("--worktree");
    const { id: worktreeId, path } = await worktreeOf(id);
    const report = await json<PruneReport>("worktree", "prune", "--dry-run");
    expect(report.dryRun).toBe(true);
    expect(report.items.find((item) => item.worktreeId === worktreeId)).toMatchObject({ action: "kept" });
    await must("worktree", "prune");
    expect(existsSync(path)).toBe(true);
  });

  test.runIf(isWhole)("[I-9] Tab knows worktrees and the places of changes", async () => {
    const id = await fresh("--worktree");
    const { id: worktreeId } = await worktreeOf(id);
    // A Tab waits half a second for the server; there is another one.
    const offers = (kind: string, wanted: string) =>
      vi.waitFor(async () => expect((await house.run(["__complete", kind])).stdout).toContain(wanted));
    await offers("worktrees", worktreeId);
    await offers("places", id);
    await offers("places", worktreeId);
  });
});
