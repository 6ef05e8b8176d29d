/** What could not be watched or worked in is looked at again before each turn, and is as it was once its cause has gone (W-3, W-13). */
import { execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChangeList, Session } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { ask, git, makeRepository, newSession } from "./git-scene.ts";

const ANOTHER_USER = 12_345;
const LEFT = ["after.txt", "meanwhile.txt"];

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;
let program: string;

beforeAll(async () => {
  root = await temporaryDirectory("healed");
  const bin = join(root.path, "bin");
  program = join(bin, "git");
  await mkdir(bin);
  await symlink(execFileSync("sh", ["-c", "command -v git"]).toString().trim(), program);
  server = await startHoldfast({ root: root.path, environment: { PATH: bin } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await root[Symbol.asyncDispose]();
});

/** A repository of its own, and a session in it. */
async function project(
  name: string,
  more: { worktree?: boolean } = {},
): Promise<Session & { project: string }> {
  const directory = join(root.path, name);
  await makeRepository(directory, { "a.txt": "one\n" });
  return { ...(await newSession(server, directory, more)), project: directory };
}
const look = ({ workspaceId }: Session): Promise<ChangeList> =>
  server.client.listChanges(workspaceId, { refresh: true });
const write = (session: Session, name: string) => ask(server, session.id, `WRITE ${name} by the agent`);
const origins = ({ items }: ChangeList) =>
  Object.fromEntries(items.map(({ path, contributions }) => [path, contributions.map(({ agent }) => agent)]));

/** The same for every refusal: pending changes stay while it holds, the turn in between is named, and the next one is the agent's again. Answers what is left once `before.txt` was rejected. */
async function refusedAndHealed(
  session: Session,
  { refuse, heal, reason }: { refuse: () => unknown; heal: () => unknown; reason: RegExp },
): Promise<string[]> {
  await write(session, "before.txt");
  expect(origins(await look(session))).toEqual({ "before.txt": ["rehearsal"] });
  await refuse();
  const refused = await look(session);
  expect([refused.tracking.state, origins(refused)]).toEqual(["off", { "before.txt": ["rehearsal"] }]);
  expect(refused.tracking.reason).toMatch(reason);
  const unwatched = await write(session, "meanwhile.txt");
  expect(unwatched.state).toBe("completed");
  const during = await look(session);
  expect(during.tracking.unwatched).toMatchObject([{ turnId: unwatched.id, sessionId: session.id }]);
  expect(during.tracking.unwatched?.[0]?.reason).toMatch(reason);
  await heal();
  const { id } = await write(session, "after.txt");
  const healed = await look(session);
  expect(healed.tracking).toMatchObject({ state: "on", unwatched: [{ turnId: unwatched.id }] });
  expect(origins(healed)).toEqual({
    "after.txt": ["rehearsal"],
    "before.txt": ["rehearsal"],
    "meanwhile.txt": ["unknown"],
  });
  expect(healed.items.find(({ path }) => path === "after.txt")?.contributions[0]?.turnId).toBe(id);
  const { id: changeId = "", revision = 0 } = healed.items.find(({ path }) => path === "before.txt") ?? {};
  await server.client.rejectChanges(session.workspaceId, {
    changes: [{ id: changeId as ChangeList["items"][number]["id"], revision }],
  });
  return Object.keys(origins(await look(session)));
}

describe("a refusal whose cause has gone", () => {
  test("[W-3, W-13] a worktree whose repository was away for one look is watched at the next turn", async () => {
    const session = await project("moved", { worktree: true });
    await write(session, "before.txt");
    await rename(session.project, `${session.project}.away`);
    const away = await look(session);
    expect([away.tracking.state, origins(away)]).toEqual(["off", { "before.txt": ["rehearsal"] }]);
    await rename(`${session.project}.away`, session.project);
    await write(session, "after.txt");
    const { tracking, ...list } = await look(session);
    expect(tracking.state).toBe("on");
    expect(origins({ ...list, tracking })).toEqual({
      "after.txt": ["rehearsal"],
      "before.txt": ["rehearsal"],
    });
  });

  test("[W-3] .git, what is in it, or the git program was away", async () => {
    for (const name of [".git", join(".git", "objects")]) {
      const session = await project(`without-${name.replace(/\W/g, "")}`);
      const path = join(session.project, name);
      const left = await refusedAndHealed(session, {
        refuse: () => rename(path, `${session.project}.away`),
        heal: () => rename(`${session.project}.away`, path),
        reason: /repository|snapshot failed/,
      });
      expect(left).toEqual(LEFT);
    }
    const left = await refusedAndHealed(await project("without-program"), {
      refuse: () => rename(program, `${program}.away`),
      heal: () => rename(`${program}.away`, program),
      reason: /no git program/,
    });
    expect(left).toEqual(LEFT);
  });

  test.runIf(process.getuid?.() === 0)("[W-3] the repository was somebody else's for a while", async () => {
    const session = await project("some'body's");
    const give = (user: number) => () => chownSync(session.project, user, user);
    const left = await refusedAndHealed(session, {
      refuse: give(ANOTHER_USER),
      heal: give(process.getuid?.() ?? 0),
      reason: /git config --global --add safe\.directory '.*some'\\''body'\\''s'/,
    });
    expect(left).toEqual(LEFT);
  });

  test("[W-3] a repository that is made anew in the place of another begins anew; one further out does not take its place", async () => {
    const outer = join(root.path, "outer");
    await makeRepository(outer, { "o.txt": "o\n" });
    const session = await project(join("outer", "inner"));
    await write(session, "before.txt");
    const own = join(session.project, ".git");
    await rename(own, `${own}.away`);
    const away = await look(session);
    expect([away.tracking.state, Object.keys(origins(away))]).toEqual(["off", ["before.txt"]]);
    git(session.project, "init", "-q");
    await writeFile(join(session.project, ".gitignore"), ".git.away\n");
    await write(session, "after.txt");
    const anew = await look(session);
    expect([anew.tracking.state, Object.keys(origins(anew))]).toEqual(["on", ["after.txt"]]);
    await rm(`${own}.away`, { recursive: true });
  });

  test("[W-13] a worktree that was away for a turn takes new sessions again", async () => {
    const session = await project("lost", { worktree: true });
    await rename(session.directory, `${session.directory}.away`);
    expect((await write(session, "x.txt")).state).toBe("failed");
    const states = async () =>
      (await server.client.listWorktrees()).items.find(
        ({ workspaceId }) => workspaceId === session.workspaceId,
      )?.state;
    expect(await states()).toBe("lost");
    await rename(`${session.directory}.away`, session.directory);
    const other = await newSession(server, session.directory);
    expect(other.workspaceId).toBe(session.workspaceId);
    expect(await states()).toBe("active");
    await write(other, "y.txt");
    expect(await readFile(join(session.directory, "y.txt"), "utf8")).toContain("by the agent");
  });
});
