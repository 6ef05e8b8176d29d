import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type {
  Admitted,
  Change,
  ChangeList,
  ChangeOperationList,
  ChangeResult,
  Session,
  Worktree,
} from "@holdfast/protocol";
import { expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { ServerUnderTest } from "./server-under-test.ts";

/** A session in a worktree of a repository, in which somebody changed a file since the first look. */
async function changed(server: ServerUnderTest) {
  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-C", server.project, "-c", "user.name=U", "-c", "user.email=u@localhost", ...args],
      { stdio: ["ignore", "pipe", "ignore"], env: { PATH: process.env["PATH"] ?? "", HOME: server.root } },
    );
  git("-c", "init.defaultBranch=main", "init", "-q");
  await writeFile(join(server.project, "a.txt"), "one\ntwo\nthree\n");
  git("add", "-A");
  git("commit", "-q", "-m", "first");
  const body = { directory: server.project, worktree: true };
  const session = await server.call<Session>("POST", "/api/sessions", body, 201);
  const worktrees = await server.call<{ items: Worktree[] }>("GET", "/api/worktrees");
  const path = worktrees.items[0]?.path ?? "";
  const room = `/api/workspaces/${session.workspaceId}/changes`;
  await server.call<ChangeList>("GET", `${room}?refresh=true`);
  await writeFile(join(path, "a.txt"), "one\nagent\nthree\n");
  const list = await server.call<ChangeList>("GET", `${room}?refresh=true`);
  const change = list.items[0] as Change;
  return { session, path, room, change, list };
}

test("[W-4, W-6] changes are listed with their patches, read alone, marked and taken over", async () => {
  await using server = await ServerUnderTest.start();
  const { room, change, list } = await changed(server);
  expect(list).toMatchObject({
    items: [
      { path: "a.txt", kind: "modified", action: "apply", revision: 1, agent: "unknown", staged: false },
    ],
    tracking: { state: "on" },
  });
  expect(change.patch).toContain("+agent");
  expect(change).not.toHaveProperty("key");
  expect(await server.call("GET", `${room}/${change.id}`)).toMatchObject({
    id: change.id,
    patch: change.patch,
  });
  const mark = { changes: [{ id: change.id, revision: 1 }], reviewed: true };
  expect(await server.call("POST", `${room}/review`, mark)).toMatchObject({ items: [{ reviewed: 1 }] });
  const headers = { "idempotency-key": "apply-1" };
  const json = { changes: [{ id: change.id, revision: 1 }] };
  const first = await server.fetch(`${room}/apply`, { method: "POST", headers, json });
  const result = (await first.json()) as ChangeResult;
  expect([first.status, first.headers.get("idempotency-replayed")]).toEqual([200, null]);
  expect(result).toMatchObject({ applied: ["a.txt"], changes: [] });
  const again = await server.fetch(`${room}/apply`, { method: "POST", headers, json });
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await again.json()).toEqual(result);
  expect(await readFile(join(server.project, "a.txt"), "utf8")).toBe("one\nagent\nthree\n");
  await server.call("POST", `${room}/undo`, { operationId: result.operationId });
  expect(await readFile(join(server.project, "a.txt"), "utf8")).toBe("one\ntwo\nthree\n");
  const { items } = await server.call<ChangeOperationList>("GET", `${room}/operations`);
  expect(items).toMatchObject([
    { kind: "undo", state: "done", undoes: result.operationId, paths: ["a.txt"] },
    { kind: "apply", state: "done", operationId: result.operationId, paths: ["a.txt"] },
  ]);
});

test.runIf(isWhole)("[W-6, W-8] a refusal names what is in the way", async () => {
  await using server = await ServerUnderTest.start();
  const { room, change, path } = await changed(server);
  const apply = { changes: [{ id: change.id, revision: 1 }] };
  await writeFile(join(server.project, "a.txt"), "one\nmine\nthree\n");
  expect(await server.call("POST", `${room}/apply`, apply, 409)).toMatchObject({
    code: "CHANGES_CONFLICT",
    paths: ["a.txt"],
    conflicts: [{ path: "a.txt", texts: { ours: "one\nmine\nthree\n", theirs: "one\nagent\nthree\n" } }],
  });
  await writeFile(join(path, "a.txt"), "one\nagent\nlater\n");
  expect(await server.call("POST", `${room}/reject`, apply, 409)).toMatchObject({
    code: "STALE",
    paths: ["a.txt"],
    changes: [{ id: change.id, revision: 2 }],
  });
  const rejected = await server.call<ChangeResult>("POST", `${room}/reject`, { changeIds: [change.id] });
  expect(rejected.applied).toEqual(["a.txt"]);
  expect(await readFile(join(path, "a.txt"), "utf8")).toBe("one\ntwo\nthree\n");
  const refused = (act: string, body: object, status: number) =>
    server.call("POST", `${room}/${act}`, body, status);
  await refused("apply", { changeIds: [change.id] }, 404);
  await refused("apply", { changeIds: [change.id], changes: apply.changes }, 400);
  await refused("apply", {}, 400);
  await refused("apply", { changeIds: [] }, 400);
  await refused("undo", { operationId: newId("opr") }, 404);
  await refused("review", { changes: [{ id: change.id, revision: 1 }], reviewed: true }, 404);
  await server.call("GET", `/api/workspaces/${newId("wsp")}/changes`, undefined, 404);
  await server.call("GET", `${room}/${newId("chg")}`, undefined, 404);
});

test("[W-6, D-5] a comment becomes an input with its line, once per key", async () => {
  await using server = await ServerUnderTest.start();
  const { session, room, change, path } = await changed(server);
  const json = {
    changeId: change.id,
    revision: 1,
    side: "new",
    line: 2,
    text: "Why?",
    sessionId: session.id,
  };
  const headers = { "idempotency-key": "comment-1" };
  const comment = () => server.fetch(`${room}/comment`, { method: "POST", headers, json });
  const first = await comment();
  expect(first.status).toBe(202);
  const admitted = (await first.json()) as Admitted;
  expect(admitted.input).toMatchObject({
    sessionId: session.id,
    parts: [{ type: "text", text: "About a.txt, line 2 (as changed):\n\n> agent\n\nWhy?" }],
  });
  await writeFile(join(path, "a.txt"), "later\n");
  await server.call("GET", `${room}?refresh=true`);
  const second = await comment();
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  expect(((await second.json()) as Admitted).input.id).toBe(admitted.input.id);
  expect(await server.call("POST", `${room}/comment`, json, 409)).toMatchObject({ code: "STALE" });
});
