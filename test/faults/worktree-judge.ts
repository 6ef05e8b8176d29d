/** What must hold after a death in the middle of an act on a worktree, and after the act was asked for again. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Session, Worktree } from "@holdfast/protocol";
import { until } from "../harness/index.ts";
import { type Act, type Ground, perform } from "./worktree-act.ts";
import { type Answer, Life } from "./worktree-life.ts";
import { git, missingWork, pictureOf } from "./worktree-project.ts";

/** Starts the server without a fault and answers what is wrong. */
export async function judgeTrial(
  act: Act,
  ground: Ground,
  acknowledged: Answer | undefined,
): Promise<string[]> {
  const life = await Life.begin(ground.root);
  if (life.url === undefined) return ["the server does not start again"];
  try {
    const wrong: string[] = [];
    const note = (what: string | undefined) => void (what === undefined || wrong.push(what));
    for (const each of await consistency(life, ground)) note(`after the restart ${each}`);
    note(await promised(life, act, ground, acknowledged));
    const again = await perform(life, act, ground);
    note(repeated(act, again));
    for (const each of await consistency(life, ground)) note(`after the repetition ${each}`);
    note(await workKept(life, act, ground));
    return wrong;
  } catch (error) {
    return [`it cannot be judged: ${String(error)}`];
  } finally {
    await life.end("SIGTERM");
  }
}

async function worktreesOf(life: Life): Promise<Worktree[]> {
  const answer = await life.ask("GET", "/api/worktrees");
  if (answer?.status !== 200) throw new Error(`worktrees: ${JSON.stringify(answer)}`);
  return (answer.body as { items: Worktree[] }).items;
}

/** Rows, directories, git's entries and branches say the same, and the user's own is untouched. */
async function consistency(life: Life, { root, project, picture }: Ground): Promise<string[]> {
  const wrong: string[] = [];
  const rows = await worktreesOf(life);
  const managed = join(root, "data", "worktrees");
  await until(
    "the trash to be emptied",
    () => !existsSync(join(managed, ".trash")) || readdirSync(join(managed, ".trash")).length === 0,
  );
  const listed = git(project, "worktree", "list", "--porcelain")
    .split("\n")
    .filter((line) => line.startsWith("worktree "))
    .map((line) => line.slice(9));
  const branches = git(project, "for-each-ref", "--format=%(refname:short)", "refs/heads/holdfast/")
    .split("\n")
    .filter((name) => name !== "");
  for (const { id, state, path, branch } of rows) {
    if (state === "creating" || state === "removing" || state === "lost") wrong.push(`${id} is ${state}`);
    const isThere = state === "active" || state === "archived";
    if (existsSync(path) !== isThere)
      wrong.push(`${id} is ${state}, its directory is ${isThere ? "gone" : "there"}`);
    if (listed.includes(path) !== isThere)
      wrong.push(`${id} is ${state}, git ${isThere ? "does not know it" : "still knows it"}`);
    if (isThere && !branches.includes(branch)) wrong.push(`${id} has lost its branch`);
  }
  const known = new Set(rows.map(({ path }) => path));
  for (const name of readdirSync(managed))
    if (!name.startsWith(".") && !known.has(join(managed, name))) wrong.push(`nobody knows ${name}`);
  for (const path of listed.slice(1)) if (!known.has(path)) wrong.push(`git knows ${path} and nobody else`);
  for (const branch of branches)
    if (!rows.some((row) => row.branch === branch)) wrong.push(`the branch ${branch} was left`);
  for (const ref of git(project, "for-each-ref", "--format=%(refname)", "refs/holdfast/").split("\n"))
    if (ref.endsWith("-check")) wrong.push(`${ref} was left`);
  git(project, "status", "--porcelain");
  if (pictureOf(project) !== picture) wrong.push("the user's checkout has changed");
  return wrong;
}

/** What was answered before the death holds after it. */
async function promised(
  life: Life,
  act: Act,
  ground: Ground,
  answer: Answer | undefined,
): Promise<string | undefined> {
  if (answer === undefined || answer.status >= 300) return undefined;
  const rows = await worktreesOf(life);
  const row = rows.find(({ id }) => id === ground.worktree?.id);
  if (act === "create") {
    const { id } = answer.body as Session;
    return (await life.ask("GET", `/api/sessions/${id}`))?.status === 200
      ? undefined
      : "the session that was answered is gone";
  }
  const expected = { archive: "archived", remove: "removed", restore: "active", refuse: undefined }[act];
  return row?.state === expected ? undefined : `it was answered, but it is ${row?.state}`;
}

function repeated(act: Act, again: Answer | undefined): string | undefined {
  const expected = { create: 201, refuse: 422, archive: 200, remove: 200, restore: 200 }[act];
  return again?.status === expected ? undefined : `repeated it answers ${JSON.stringify(again)}`;
}

/** One worktree, and the work of the agent is in it, or comes back from its rescue. */
async function workKept(life: Life, act: Act, { worktree, session }: Ground): Promise<string | undefined> {
  const rows = await worktreesOf(life);
  if (act === "refuse")
    return rows.length === 0 ? undefined : `${rows.length} worktrees are left of a refusal`;
  if (rows.length !== 1) return `there are ${rows.length} worktrees, not one`;
  if (act === "create") return undefined;
  const state = rows[0]?.state;
  const expected = { archive: "archived", remove: "removed", restore: "active" }[act];
  if (state !== expected) return `it is ${state}, not ${expected}`;
  const path = worktree?.path ?? "";
  if (act === "remove") {
    const restored = await life.ask("POST", `/api/worktrees/${worktree?.id}/restore`, { from: "rescue" });
    if (restored?.status !== 200) return `it cannot be restored: ${JSON.stringify(restored)}`;
  }
  if (git(path, "log", "-1", "--format=%s") !== "agent's") return "the agent's commit is gone";
  const missing = missingWork(session?.directory ?? path);
  return missing.length === 0 ? undefined : `work is lost: ${missing.join(", ")}`;
}
