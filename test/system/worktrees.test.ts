/** Worktrees of the real server program, over HTTP (W-2, W-10 to W-15). */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Session, Turn, Worktree } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";

const AT_ONCE = amount(4, 24);
const TURN_MS = 240_000;

function git(directory: string, ...args: string[]): string {
  const who = ["-c", "init.defaultBranch=main", "-c", "user.name=User", "-c", "user.email=user@localhost"];
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  return execFileSync("git", ["-C", directory, ...who, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
    .toString("utf8")
    .trim();
}

async function makeRepository(directory: string): Promise<void> {
  git(directory, "init", "-q");
  await writeFile(join(directory, "a.txt"), "one\n");
  git(directory, "add", "-A");
  git(directory, "commit", "-q", "-m", "first");
}

async function call<T>(
  server: HoldfastProcess,
  method: string,
  path: string,
  json?: unknown,
): Promise<{ status: number; body: T }> {
  const headers = json === undefined ? {} : { "content-type": "application/json" };
  const response = await server.fetch(path, {
    method,
    headers,
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as T };
}

const created = async (server: HoldfastProcess, more: object = {}): Promise<Session> => {
  const body = {
    directory: server.project,
    agent: "rehearsal",
    approvalMode: "all",
    worktree: true,
    ...more,
  };
  const answer = await call<Session>(server, "POST", "/api/sessions", body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer));
  return answer.body;
};

async function ask(server: HoldfastProcess, id: string, ...lines: string[]): Promise<Turn> {
  const parts = [{ type: "text" as const, text: lines.join("\n") }];
  const answer = await server.client.admitInputAndWait(id, { parts }, { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error("The turn did not end.");
  return answer.turn;
}

const worktreesOf = async (server: HoldfastProcess): Promise<Worktree[]> =>
  (await call<{ items: Worktree[] }>(server, "GET", "/api/worktrees")).body.items;

test(`[W-2] ${AT_ONCE} sessions with worktrees at once all get one, and their agents work beside each other`, async () => {
  await using root = await temporaryDirectory("worktrees");
  await using server = await startHoldfast({ root: root.path });
  await makeRepository(server.project);
  const sessions = await Promise.all(Array.from({ length: AT_ONCE }, () => created(server)));
  expect(new Set(sessions.map((session) => session.directory)).size).toBe(AT_ONCE);
  expect(git(server.project, "worktree", "list").split("\n")).toHaveLength(AT_ONCE + 1);
  expect((await worktreesOf(server)).map(({ state }) => state)).toEqual(sessions.map(() => "active"));
  const [one, other] = sessions;
  if (one === undefined || other === undefined) throw new Error("no sessions");
  const turns = await Promise.all([
    ask(server, one.id, "WRITE a.txt mine"),
    ask(server, other.id, "WRITE a.txt theirs"),
  ]);
  expect(turns.map(({ state }) => state)).toEqual(["completed", "completed"]);
  expect(await readFile(join(one.directory, "a.txt"), "utf8")).toContain("mine");
  expect(await readFile(join(other.directory, "a.txt"), "utf8")).toContain("theirs");
  expect(await readFile(join(server.project, "a.txt"), "utf8")).toBe("one\n");
  expect(git(server.project, "status", "--porcelain")).toBe("");
});

test.runIf(isWhole)(
  "[W-2, D-5] a repeated key joins the creation that runs, and gets the session that was made",
  async () => {
    await using root = await temporaryDirectory("worktree-keys");
    await using server = await startHoldfast({ root: root.path });
    await makeRepository(server.project);
    const body = JSON.stringify({ directory: server.project, agent: "rehearsal", worktree: true });
    const send = (text = body) =>
      server.fetch("/api/sessions", {
        method: "POST",
        body: text,
        headers: { "content-type": "application/json", "idempotency-key": "one" },
      });
    const answers = await Promise.all([send(), send(), send()]);
    const again = await send();
    const ids = await Promise.all(
      [...answers, again].map(async (answer) => ((await answer.json()) as Session).id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(
      answers
        .map((answer) => answer.headers.get("idempotency-replayed"))
        .filter((replayed) => replayed === null),
    ).toHaveLength(1);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await send(body.replace("rehearsal", "qwen"))).status).toBe(409);
    expect(await worktreesOf(server)).toHaveLength(1);
  },
);

test("[W-1, W-10, W-11] sessions share a worktree; the last one's deletion asks first, and what was discarded comes back", async () => {
  await using root = await temporaryDirectory("worktree-share");
  await using server = await startHoldfast({ root: root.path });
  await makeRepository(server.project);
  const first = await created(server);
  const second = await created(server, { worktree: undefined, workspaceId: first.workspaceId });
  const third = await created(server, { worktree: undefined, directory: first.directory });
  expect([second, third].map((session) => [session.workspaceId, session.directory])).toEqual(
    [second, third].map(() => [first.workspaceId, first.directory]),
  );
  expect((await ask(server, first.id, "WRITE new.txt work")).state).toBe("completed");
  const [worktree] = await worktreesOf(server);
  if (worktree === undefined) throw new Error("no worktree");
  // Nobody loses anything while others work there.
  for (const session of [third, second])
    expect((await call(server, "DELETE", `/api/sessions/${session.id}`)).status).toBe(204);
  const risk = await call<{ safe: boolean; risks: { kind: string }[] }>(
    server,
    "GET",
    `/api/sessions/${first.id}/risk`,
  );
  expect(risk.body.safe).toBe(false);
  expect(risk.body.risks.map(({ kind }) => kind)).toContain("untracked");
  const refused = await call<{ code: string; report: { worktreeId: string } }>(
    server,
    "DELETE",
    `/api/sessions/${first.id}`,
  );
  expect([refused.status, refused.body.code, refused.body.report.worktreeId]).toEqual([
    409,
    "RISK_UNCONFIRMED",
    worktree.id,
  ]);
  expect(existsSync(join(first.directory, "new.txt"))).toBe(true);
  expect((await call(server, "DELETE", `/api/sessions/${first.id}?discard=true`)).status).toBe(204);
  expect(existsSync(first.directory)).toBe(false);
  expect(git(server.project, "worktree", "list").split("\n")).toHaveLength(1);
  expect((await call(server, "GET", `/api/sessions/${first.id}`)).status).toBe(404);
  const restored = await call<Worktree>(server, "POST", `/api/worktrees/${worktree.id}/restore`, {
    from: "rescue",
  });
  expect(restored.body).toMatchObject({ state: "active", path: worktree.path });
  expect(await readFile(join(first.directory, "new.txt"), "utf8")).toContain("work");
});

test("[W-13] a turn in a missing worktree ends with the ways out, its history stays readable, and a restored one goes on", async () => {
  await using root = await temporaryDirectory("worktree-missing");
  await using server = await startHoldfast({ root: root.path });
  await makeRepository(server.project);
  const session = await created(server);
  await ask(server, session.id, "REMEMBER fig\nWRITE kept.txt work");
  await rm(session.directory, { recursive: true });
  const turn = await ask(server, session.id, "SAY hello");
  expect(turn.state).toBe("failed");
  expect(turn.error).toMatchObject({
    name: "WorkspaceMissingError",
    data: { directory: session.directory, ways: ["rescue", "base"] },
  });
  const [worktree] = await worktreesOf(server);
  expect(worktree?.state).toBe("lost");
  expect((await server.client.listMessages(session.id, { limit: 10 })).items.length).toBeGreaterThan(2);
  const restored = await call<Worktree>(server, "POST", `/api/worktrees/${worktree?.id}/restore`, {
    from: "rescue",
  });
  expect(restored.body).toMatchObject({ state: "active", path: session.directory });
  expect(await readFile(join(session.directory, "kept.txt"), "utf8")).toContain("work");
  expect((await ask(server, session.id, "SAY hello")).state).toBe("completed");
});

test.runIf(isWhole)(
  "[W-15] archiving the last session archives its worktree, with its agents closed, and unarchiving brings all of it back",
  async () => {
    await using root = await temporaryDirectory("worktree-archive");
    await using server = await startHoldfast({ root: root.path });
    await makeRepository(server.project);
    const first = await created(server);
    const sharing = await created(server, { worktree: undefined, workspaceId: first.workspaceId });
    await ask(server, first.id, "WRITE new.txt work");
    const archive = (id: string, archived: boolean) =>
      call<Session>(server, "PATCH", `/api/sessions/${id}`, { archived });
    expect((await archive(first.id, true)).status).toBe(200);
    expect((await worktreesOf(server))[0]?.state).toBe("active");
    expect((await archive(sharing.id, true)).status).toBe(200);
    const [archived] = await worktreesOf(server);
    expect(archived).toMatchObject({
      state: "archived",
      rescue: { ref: expect.stringContaining("refs/holdfast/rescue/") as string },
    });
    expect(existsSync(join(first.directory, "new.txt"))).toBe(true);
    await until(
      "the agents to be closed",
      async () => (await server.client.listLiveAgents()).items.length === 0,
    );
    expect((await archive(first.id, false)).status).toBe(200);
    expect((await worktreesOf(server))[0]?.state).toBe("active");
    expect((await ask(server, first.id, "SAY back")).state).toBe("completed");
  },
);

test.runIf(isWhole)(
  "[W-12] a pass on demand removes nothing that is recent, reports what it does not know, and says so beforehand",
  async () => {
    await using root = await temporaryDirectory("worktree-prune");
    await using server = await startHoldfast({ root: root.path });
    await makeRepository(server.project);
    const session = await created(server);
    const stray = join(root.path, "data", "worktrees", "stray");
    execFileSync("mkdir", ["-p", stray]);
    for (const dryRun of [true, false]) {
      const { body } = await call<{ items: { path: string; action: string }[] }>(
        server,
        "POST",
        "/api/worktrees/prune",
        { dryRun },
      );
      expect(body.items.map(({ path, action }) => [path, action])).toEqual([
        [session.directory, "kept"],
        [stray, "unknown"],
      ]);
    }
    expect(await readdir(stray)).toEqual([]);
  },
);

test("[W-2, D-21] a server that is stopped in the middle of a setup command ends it and leaves nothing of the worktree", async () => {
  await using root = await temporaryDirectory("worktree-stop");
  const server = await startHoldfast({ root: root.path });
  await makeRepository(server.project);
  const plain = await created(server, { worktree: undefined });
  const mark = join(root.path, "setup-runs");
  const script = `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const settings = { worktree: { setup: [process.execPath, "-e", script] } };
  expect((await call(server, "PATCH", `/api/projects/${plain.projectId}`, settings)).status).toBe(200);
  const creation = call(server, "POST", "/api/sessions", {
    directory: server.project,
    worktree: true,
  }).catch(() => undefined);
  const pid = Number(
    await until("the setup to run", async () => (await readFile(mark, "utf8").catch(() => "")) || undefined),
  );
  expect(await server.stop()).toBe(0);
  await creation;
  expect(existsSync(`/proc/${pid}`) && !/\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, "latin1"))).toBe(
    false,
  );
  expect(git(server.project, "worktree", "list").split("\n")).toHaveLength(1);
  expect(git(server.project, "branch", "--format=%(refname:short)")).toBe("main");
  await using again = await startHoldfast({ root: root.path });
  expect(await worktreesOf(again)).toEqual([]);
});
