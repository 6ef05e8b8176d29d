import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { SessionId, WorkspaceId } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { TrackedProject } from "./tracked-project.ts";

const OWNER = { id: "owner", kind: "owner", label: "owner" } as const;
const lines = (count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join("");
const agents = (row: { contributions: { agent: string }[] }) => row.contributions.map(({ agent }) => agent);

/** A session in a worktree of the project; the project's `directory` stands in it from now on. */
async function inWorktree(
  project: TrackedProject,
): Promise<{ sessionId: SessionId; workspaceId: WorkspaceId }> {
  const path = join(project.root, "worktree");
  const [baseCommit, baseTree] = [project.git("rev-parse", "HEAD"), project.git("rev-parse", "HEAD^{tree}")];
  project.git("worktree", "add", "-q", "-b", "holdfast/one", path);
  const ids = { worktreeId: newId("wkt"), workspaceId: newId("wsp"), operationId: newId("opr") };
  await project.store.beginWorktree({
    ...ids,
    instanceId: newId("ins"),
    actor: OWNER,
    data: {},
    projectId: newId("prj"),
    directoryWorkspaceId: newId("wsp"),
    projectDirectory: project.directory,
    directory: path,
    path,
    branch: "holdfast/one",
    baseCommit,
    baseTree,
    repository: join(project.directory, ".git"),
  });
  await project.store.patchWorktree({
    worktreeId: ids.worktreeId,
    patch: { state: "active" },
    actor: OWNER,
    operation: { id: ids.operationId, epoch: 1, state: "done" },
  });
  project.directory = path;
  return { sessionId: await project.session(ids.workspaceId), workspaceId: ids.workspaceId };
}

describe("a worktree", () => {
  test("[W-4, W-13] that points to another repository, or to none, is not watched, and loses nothing", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const { sessionId, workspaceId } = await inWorktree(project);
    await project.turn({ sessionId }, () => project.edit("a.txt", 2, "by the agent"));
    const before = await project.change("a.txt", workspaceId);
    const { baseline } = await project.tracking(workspaceId);
    const pointer = join(project.directory, ".git");
    const own = readFileSync(pointer);
    const other = join(project.root, "other");
    execFileSync("git", ["init", "-q", other]);
    for (const pointed of [`gitdir: ${join(other, ".git")}\n`, undefined]) {
      if (pointed === undefined) rmSync(pointer);
      else writeFileSync(pointer, pointed);
      await expect(project.refresh(workspaceId)).rejects.toMatchObject({ code: "UNPROCESSABLE" });
      expect(await project.tracking(workspaceId)).toMatchObject({ state: "off", baseline });
    }
    expect(execFileSync("git", ["-C", other, "for-each-ref"]).toString()).toBe("");
    writeFileSync(pointer, own);
    await project.refresh(workspaceId);
    expect(await project.tracking(workspaceId)).toMatchObject({ state: "on", baseline });
    expect(await project.change("a.txt", workspaceId)).toMatchObject({ id: before.id, state: "pending" });
  });

  test("[W-5] is the agent's within its turns, and of nobody known between them; its base is the baseline", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": lines(9) });
    const { sessionId, workspaceId } = await inWorktree(project);
    project.edit("a.txt", 9, "before any turn");
    await project.turn({ sessionId }, () => project.edit("b.txt", 2, "by the agent"));
    project.edit("b.txt", 8, "between turns");
    await project.refresh(workspaceId);
    expect(agents(await project.change("a.txt", workspaceId))).toEqual(["unknown"]);
    const row = await project.change("b.txt", workspaceId);
    expect([agents(row), row.hunks.map(({ origins }) => origins[0]?.agent)]).toEqual([
      ["rehearsal", "unknown"],
      ["rehearsal", "unknown"],
    ]);
    const { baseline } = await project.tracking(workspaceId);
    expect(baseline).toBe(project.git("rev-parse", "HEAD^{tree}"));
  });

  test.runIf(isWhole)("[W-4] commits in it stay changes, and its own base moves no further", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const { sessionId, workspaceId } = await inWorktree(project);
    await project.turn({ sessionId }, () => {
      project.edit("a.txt", 2, "committed");
      project.git("commit", "-q", "-am", "by the agent");
    });
    project.clock.shiftMs += 10_000;
    await project.turn({ sessionId }, () => project.edit("a.txt", 8, "not committed"));
    const row = await project.change("a.txt", workspaceId);
    expect([row.hunks.length, agents(row)]).toEqual([2, ["rehearsal", "rehearsal"]]);
  });
});

describe("turns that overlap", () => {
  test("[A-14, W-5] each has what it names, the rest is shared", async () => {
    await using project = await TrackedProject.open({
      "a.txt": lines(9),
      "b.txt": lines(9),
      "c.txt": lines(9),
    });
    const [one, other] = [await project.session(), await project.session()];
    await project.store.patchWorkspace({
      actor: OWNER,
      workspaceId: await project.ownWorkspace(),
      concurrency: "shared",
    });
    const first = await project.begin({ agent: "qwen", sessionId: one, touched: ["a.txt"] });
    project.edit("a.txt", 1, "by qwen");
    project.edit("c.txt", 1, "by one of them");
    const second = await project.begin({ agent: "goose", sessionId: other, touched: ["b.txt"] });
    project.edit("b.txt", 1, "by goose");
    project.edit("a.txt", 5, "by qwen again");
    await project.end(first);
    project.edit("b.txt", 5, "by goose again");
    await project.end(second);
    expect(agents(await project.change("a.txt"))).toEqual(["qwen"]);
    expect(agents(await project.change("b.txt"))).toEqual(["goose"]);
    expect(agents(await project.change("c.txt"))).toEqual(["shared"]);
    expect((await project.tracking()).working).toBeUndefined();
  });

  test("[W-3] a look at the files leaves a turn's work to its end", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    project.edit("a.txt", 1, "by the agent");
    await project.refresh();
    expect(await project.changes()).toEqual([]);
    await project.end(started);
    expect(agents(await project.change("a.txt"))).toEqual(["rehearsal"]);
  });
});

describe("what nobody watched", () => {
  test("[D-18] a crash in mid-turn: what no call names is nobody's, names the turn, and is found once", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    const turn = { turnId: started.turn.id, sessionId: started.session.id };
    project.edit("a.txt", 3, "by whom?");
    project.restart();
    const files = await project.tracker.recover(turn, ["b.txt"]);
    expect(files?.files).toEqual([join(project.directory, "a.txt")]);
    const row = await project.change("a.txt");
    expect(row).toMatchObject({ agent: "unknown", ...turn });
    expect(await project.tracker.recover(turn, [])).toEqual(files);
    expect(await project.change("a.txt")).toEqual(row);
    expect((await project.tracking()).working).toBeUndefined();
  });

  test("[D-18, W-5] a crash in mid-turn: what a stored call names is its agent's", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": lines(9) });
    const started = await project.begin();
    const turn = { turnId: started.turn.id, sessionId: started.session.id };
    for (const path of ["a.txt", "b.txt"]) project.edit(path, 3, "before the crash");
    project.restart();
    await project.tracker.recover(turn, [join(project.directory, "a.txt")]);
    expect(await project.change("a.txt")).toMatchObject({ agent: "rehearsal", ...turn });
    expect(await project.change("b.txt")).toMatchObject({ agent: "unknown", ...turn });
  });

  test("[D-18] a turn of this very process that nobody ran any more does not stand in the way of later looks", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    project.edit("a.txt", 3, "by whom?");
    await project.tracker.recover({ turnId: started.turn.id, sessionId: started.session.id }, []);
    project.edit("a.txt", 8, "by the user");
    await project.refresh();
    expect(agents(await project.change("a.txt"))).toEqual(["unknown", "user"]);
  });

  test.runIf(isWhole)(
    "[W-5] a snapshot that comes after the prompt counts for nothing: what follows is nobody's",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9) });
      const { sessionId } = await project.turn({}, () => undefined);
      const started = await project.begin({ sessionId });
      await project.tracker.dismiss(started);
      project.edit("a.txt", 3, "by the agent");
      const late = await project.tracker.before(started, () => [], { signal: AbortSignal.abort() });
      expect(late).toEqual({ off: "The last snapshot took too long.", isKnown: false });
      const { unwatched } = await project.tracking();
      expect(unwatched).toMatchObject([
        { turnId: started.turn.id, reason: "The last snapshot took too long." },
      ]);
      await project.end(started);
      await project.refresh();
      expect(agents(await project.change("a.txt"))).toEqual(["unknown"]);
      expect((await project.tracking()).state).toBe("on");
    },
  );

  test("[D-18] a crash before the first snapshot leaves nothing to recover", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const sessionId = await project.session();
    expect(await project.tracker.recover({ turnId: newId("trn"), sessionId }, [])).toBeUndefined();
    expect(
      await project.tracker.recover({ turnId: newId("trn"), sessionId: newId("ses") }, []),
    ).toBeUndefined();
  });

  test("[W-5] a turn that ended without its second snapshot leaves nobody's work behind, not the user's", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    project.edit("a.txt", 3, "by the agent");
    await project.end(started, { isCompared: false });
    project.restart();
    await project.turn({ sessionId: started.session.id }, () => undefined);
    expect(agents(await project.change("a.txt"))).toEqual(["unknown"]);
    project.edit("a.txt", 8, "by the user");
    await project.refresh();
    expect(agents(await project.change("a.txt"))).toEqual(["unknown", "user"]);
  });

  test("[W-5] a turn whose agent was never asked is none: what follows is the user's", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const started = await project.begin({ touched: ["a.txt"] });
    await project.tracker.dismiss(started);
    await project.end(started, { isCompared: false });
    project.edit("a.txt", 3, "by the user");
    await project.refresh();
    expect(agents(await project.change("a.txt"))).toEqual(["user"]);
  });

  test.runIf(isWhole)(
    "[W-3, W-5] while a directory is not watched, what happens is nobody's work; afterwards it is the user's again",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9) });
      const { sessionId } = await project.turn({}, () => undefined);
      project.restart({ home: project.directory });
      await project.turn({ sessionId, touched: ["a.txt"] }, () => project.edit("a.txt", 3, "by the agent"));
      const off = await project.tracking();
      expect([off.state, off.reason]).toEqual(["off", "A home directory, or one above it, is not watched."]);
      expect(off.baseline).toBeDefined();
      project.restart();
      await project.refresh();
      project.edit("a.txt", 8, "by the user");
      await project.refresh();
      expect((await project.tracking()).state).toBe("on");
      expect(agents(await project.change("a.txt"))).toEqual(["unknown", "user"]);
    },
  );

  test.runIf(isWhole)(
    "[W-3] a plain directory that becomes a repository keeps its changes, also when it is its agent who makes it",
    async () => {
      await using project = await TrackedProject.open({ "a.txt": lines(9) }, { git: false });
      const { sessionId } = await project.turn({ touched: ["a.txt"] }, () =>
        project.edit("a.txt", 1, "first"),
      );
      await project.turn({ sessionId, touched: ["a.txt"] }, () => {
        project.git("init", "-q", "-b", "main");
        project.git("add", "-A");
        project.git("commit", "-q", "-m", "first");
        project.edit("a.txt", 5, "second");
      });
      const row = await project.change("a.txt");
      expect([agents(row), row.hunks.length, row.kind]).toEqual([["rehearsal", "rehearsal"], 2, "modified"]);
      project.remove(".git");
      await project.turn({ sessionId, touched: ["a.txt"] }, () => undefined);
      expect((await project.tracking()).state).toBe("off");
      expect(await project.change("a.txt")).toEqual(row);
      project.git("init", "-q", "-b", "main");
      await project.turn({ sessionId, touched: ["a.txt"] }, () => project.edit("a.txt", 9, "third"));
      expect(agents(await project.change("a.txt"))).toEqual(["rehearsal"]);
      expect((await project.change("a.txt")).hunks).toHaveLength(1);
    },
  );

  test("[W-3] snapshots can be switched off for the server and for a project, and nothing runs then", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    project.restart({ isOn: false });
    const { sessionId } = await project.turn({ touched: ["a.txt"] }, () => project.edit("a.txt", 3, "x"));
    const off = await project.tracking();
    expect([off.state, off.reason]).toEqual([
      "off",
      "Snapshots are switched off in the server's configuration.",
    ]);
    expect(project.git("for-each-ref", "refs/holdfast")).toBe("");
    await expect(project.refresh()).rejects.toMatchObject({ code: "UNPROCESSABLE" });
    project.restart();
    const { id: projectId } = (await project.store.findProject(project.directory)) ?? { id: newId("prj") };
    await project.store.patchProject({ actor: OWNER, projectId, worktree: { snapshots: false } });
    await project.turn({ sessionId }, () => project.edit("a.txt", 4, "x"));
    expect((await project.tracking()).reason).toBe("Snapshots are switched off in the project's settings.");
    await project.store.patchProject({ actor: OWNER, projectId, worktree: {} });
    await project.turn({ sessionId }, () => project.edit("a.txt", 5, "x"));
    expect((await project.tracking()).state).toBe("on");
    expect(agents(await project.change("a.txt"))).toEqual(["shared"]);
  });

  test.runIf(isWhole)(
    "[W-3] a directory with too many files is refused, says so once, and is not asked again for a while",
    async () => {
      await using project = await TrackedProject.open({}, { git: false });
      for (let at = 0; at < 50_001; at += 1) project.write(`d${at % 100}/${at}`, "");
      const sessionId = await project.session();
      const begin = async () => {
        const started = await project.begin({ sessionId });
        const answer = await project.tracker.before(started, () => []);
        await project.end(started);
        return answer;
      };
      expect(await begin()).toMatchObject({ isKnown: true });
      const { state, reason } = await project.tracking();
      expect([state, reason]).toEqual(["off", "More than 50,000 changed or untracked files."]);
      for (let at = 0; at < 100; at += 1) project.remove(`d${at}`);
      expect(await begin()).toMatchObject({ off: reason, isKnown: true });
      project.clock.shiftMs += 600_000;
      expect(await begin()).toHaveProperty("tree");
      expect((await project.tracking()).state).toBe("on");
    },
  );
});

describe("snapshots", () => {
  test.runIf(isWhole)(
    "[W-3] of files that are as they were are the same commit, and one that differs in anything is another",
    async () => {
      for (const git of [true, false]) {
        await using project = await TrackedProject.open({ "a.txt": lines(9), "b.txt": "b\n" }, { git });
        project.write("new.txt", "not committed\n");
        project.clock.shiftMs += 10_000;
        const { sessionId } = await project.turn({}, () => undefined);
        const { turnId } = await project.turn({ sessionId }, () => undefined);
        const commits = (await project.store.turnSnapshots(turnId)).map(({ commit }) => commit);
        expect(new Set(commits).size).toBe(1);
        await project.turn({ sessionId }, () => project.write("new.txt", "other than that\n"));
        expect((await project.change("new.txt")).additions).toBe(1);
      }
    },
  );

  test.runIf(isWhole)(
    "[W-3] follow every edit, however quickly one comes after another and whatever it leaves alone",
    async () => {
      for (const git of [true, false]) {
        await using project = await TrackedProject.open({ "a.txt": "aaaa\n", "b.txt": "bbbb\n" }, { git });
        await project.session();
        const check = join(project.root, "check.git");
        execFileSync("git", ["init", "-q", "--bare", check], { env: project.environment });
        const environment = { ...project.environment, GIT_DIR: check, GIT_WORK_TREE: project.directory };
        const run = (...args: string[]) =>
          execFileSync("git", args, { cwd: project.directory, env: environment, encoding: "utf8" }).trim();
        let seed = 7;
        const random = (below: number) => {
          seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
          return seed % below;
        };
        const acts = [
          () => project.write("a.txt", `${random(9_000) + 1_000}\n`),
          () => project.write(`${random(3)}.txt`, "x\n"),
          () => chmodSync(join(project.directory, "b.txt"), random(2) === 0 ? 0o644 : 0o755),
          () => project.write("b.txt", project.read("b.txt")),
          () => undefined,
          () => rmSync(join(project.directory, `${random(3)}.txt`), { force: true }),
        ];
        for (let round = 0; round < 20; round += 1) {
          acts[random(acts.length)]?.();
          if (git && round % 13 === 5) project.git("add", "-A");
          await project.refresh();
          rmSync(join(check, "index"), { force: true });
          run("add", "-A");
          expect([round, (await project.tracking()).newest]).toEqual([round, run("write-tree")]);
        }
      }
    },
  );

  test.runIf(isWhole)("[W-3] those that nothing needs go after 7 days, the others stay", async () => {
    await using project = await TrackedProject.open({ "a.txt": lines(9) });
    const first = await project.turn({ touched: ["a.txt"] }, () => project.edit("a.txt", 1, "x"));
    const { sessionId } = first;
    const passing = await project.turn({ sessionId }, () => project.write("b.txt", "for a while\n"));
    await project.turn({ sessionId }, () => project.remove("b.txt"));
    await project.turn({ sessionId }, () => project.edit("a.txt", 9, "y"));
    const list = ["for-each-ref", "--format=%(refname)", "refs/holdfast"];
    const refs = () => project.git(...list).split("\n");
    const before = refs();
    expect(await project.tracker.sweep()).toBe(0);
    project.clock.shiftMs += 8 * 86_400_000;
    const gone = await project.tracker.sweep();
    expect(before.length - refs().length).toBe(gone);
    const isThere = (turnId: string, which: string) =>
      refs().includes(`refs/holdfast/snap/${sessionId}/${turnId}/${which}`);
    expect([isThere(first.turnId, "after"), isThere(passing.turnId, "after")]).toEqual([true, false]);
    expect(await project.store.turnSnapshots(first.turnId)).toHaveLength(2);
    expect(await project.tracker.sweep()).toBe(0);
    const row = await project.change("a.txt");
    for (const { before: from, after } of row.contributions)
      expect(project.git("cat-file", "-t", from) + project.git("cat-file", "-t", after)).toBe("commitcommit");
  });
});
