/** Reviews that die at named points (W-8, W-9): another process is killed there, and what is left is recovered and judged. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { ChangeResult, JsonObject } from "@holdfast/protocol";
import { type Files, OWNER, ReviewRoom } from "./review-room.ts";

export type Act = "apply" | "accept" | "reject" | "undo";
export const ACTS: readonly Act[] = ["apply", "accept", "reject", "undo"];

/** Steps that every act passes, and passages of those that come once per file. */
const COMMON = ["begun", "planned", "verified", "refs", "committed"];
const WRITES = ["worktree.write.synced", "worktree.write.renamed", "worktree.write.removed"];
const PASSES = [1, 2, 3];

/** Every point of an act at which a process may die. */
export function pointsOf(act: Act): string[] {
  const points = COMMON.map((step) => `changes.${act}.${step}`);
  if (act === "accept") return points;
  if (act === "apply") points.push("changes.apply.snapshot", "changes.apply.merged");
  const files = PASSES.map((pass) => `changes.${act}.file:${pass}`);
  return [...points, ...files, ...WRITES.flatMap((point) => [1, 2].map((pass) => `${point}:${pass}`))];
}

const START: Files = {
  "a.txt": "a\n",
  "b.txt": "b\n",
  "d/gone.txt": "gone\n",
  "old.txt": "moved\nmoved\nmoved\n",
};
const AGENT: Files = {
  "a.txt": "agent\n",
  "d/gone.txt": null,
  "new.txt": "new\n",
  "old.txt": null,
  "dir/new name.txt": "moved\nmoved\nmoved\n",
};
const USER: Files = { "b.txt": "mine\n", "untracked.txt": "mine too\n" };

/** A room in which the act can be performed, closed. */
export async function prepare(act: Act): Promise<ReviewRoom> {
  const room = await ReviewRoom.open(START);
  const session = act === "accept" ? await room.inProject() : await room.inWorktree();
  await room.turn(session, "qwen", AGENT);
  if (act !== "accept") await room.write(room.project, USER);
  if (act === "undo") await perform(room, "apply");
  return room;
}

/** The act, under one key: whoever repeats it gets its one result. */
export async function perform(room: ReviewRoom, act: Act): Promise<ChangeResult> {
  const key = { actorId: "owner", method: "POST", route: `/${act}`, key: act, bodyHash: act };
  const reviewer = { actor: OWNER, idempotency: key };
  const { id } = room.workspace;
  if (act === "undo") {
    const [applied] = await room.store.listOperations({
      workspaceId: id,
      kinds: ["apply"],
      state: "done",
      limit: 1,
    });
    if (applied === undefined) throw new Error("nothing to undo");
    return (await room.review.undo(id, applied.id, reviewer)).value;
  }
  const pending = (await room.changes()).map((change) => change.id);
  const request = { changeIds: pending.length === 0 ? [NOBODY] : pending };
  const { value } = await room.review[act === "reject" ? "reject" : "apply"](id, request, reviewer);
  return value;
}

/** What is asked for when nothing is pending any more: a repeated key is answered all the same. */
const NOBODY = newId("chg");

/** Runs the act in a process of its own, which dies at the point. Answers whether it did. */
export async function crash(room: ReviewRoom, act: Act, point: string): Promise<boolean> {
  await room.leave();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "..", "fixture", "review-crash.ts"), room.root, act, point],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  return signal === "SIGKILL";
}

type State = { project: JsonObject; worktree: JsonObject; rows: string[] };

async function stateOf(room: ReviewRoom): Promise<State> {
  const rows = await room.changes();
  return {
    project: await room.picture(),
    worktree: await room.picture(room.directory),
    rows: rows.map(({ path, kind, revision }) => `${kind} ${path} ${revision}`),
  };
}

/** The states before an act and after it. */
export async function statesAround(act: Act): Promise<{ before: State; after: State }> {
  await using room = await prepare(act);
  const before = await stateOf(room);
  await perform(room, act);
  return { before, after: await stateOf(room) };
}

/** Tries one point; answers what is wrong afterwards, and whether the point was passed at all. */
export async function tryPoint(
  act: Act,
  point: string,
  { before, after }: { before: State; after: State },
): Promise<{ isHit: boolean; violations: string[] }> {
  await using room = await prepare(act);
  const git = await room.untouched();
  const isHit = await crash(room, act, point);
  await room.openStore();
  await room.review.recover();
  const violations: string[] = [];
  const judge = (isRight: boolean, what: string) => {
    if (!isRight) violations.push(`${act} at ${point}: ${what}`);
  };
  const { workspace, store } = room;
  const operations = () => store.listOperations({ workspaceId: workspace.id, kinds: [act], limit: 10 });
  const [operation] = await operations();
  judge(operation !== undefined && operation.state !== "running", "the operation has no end");
  judge(operation?.state !== "conflict", "files that nobody touched are called changed");
  const expected = operation?.state === "done" ? after : before;
  judge(
    isSame(await stateOf(room), expected),
    `the state is not that of an operation that is ${operation?.state}`,
  );
  judge(isSame(await room.untouched(), git), "the user's git was touched");
  const first = await perform(room, act);
  judge(isSame(await stateOf(room), after), "the repeated act did not end where the act ends");
  judge(
    isSame((await perform(room, act)).operationId, first.operationId),
    "a repeated key got another result",
  );
  judge((await operations()).filter(({ state }) => state === "done").length === 1, "the act was done twice");
  judge(isSame(await room.untouched(), git), "the repetition touched the user's git");
  return { isHit, violations };
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
