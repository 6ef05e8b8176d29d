import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Session, SessionId, SessionList } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

type Problem = { code: string };
type Answer = Omit<Session, "code"> & Problem;

describe("sessions over HTTP", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    id = await server.createSession();
  });

  const create = (body: Record<string, unknown>, status: number): Promise<Answer> =>
    server.call("POST", "/api/sessions", { directory: server.project, ...body }, status);
  const patch = (body: Record<string, unknown>, status: number): Promise<Answer> =>
    server.call("PATCH", `/api/sessions/${id}`, body, status);

  test("[A-3] a session takes the defaults: the keyless agent, ask, manual, and a title that says it is new", async () => {
    const session = await create({}, 201);
    expect(session).toMatchObject({
      directory: server.project,
      agent: "rehearsal",
      approvalMode: "ask",
      resumePolicy: "manual",
      status: "idle",
    });
    expect(session.title).toMatch(/^New session - \d{4}-\d\d-\d\dT/);
    const child = await create({ parentId: session.id, title: "a\u0000b" }, 201);
    expect([child.parentId, child.title]).toEqual([session.id, "a\ufffdb"]);
  });

  test("[D-1] sessions of one directory share their project and workspace, also through a link", async () => {
    const link = join(server.root, "link");
    await symlink(server.project, link);
    const [one, other] = [await create({}, 201), await create({ directory: link }, 201)];
    expect([other.projectId, other.workspaceId, other.directory]).toEqual([
      one.projectId,
      one.workspaceId,
      server.project,
    ]);
    const again = await create({ workspaceId: one.workspaceId }, 201);
    expect(again.workspaceId).toBe(one.workspaceId);
    await rm(link);
  });

  test.each([
    ["a relative directory", { directory: "project" }, "UNPROCESSABLE"],
    ["a directory that is not there", { directory: "/nowhere/at/all" }, "UNPROCESSABLE"],
    ["a file", { directory: process.execPath }, "UNPROCESSABLE"],
    ["a path with NUL", { directory: "/tmp/\u0000" }, "UNPROCESSABLE"],
    ["a worktree of what is no repository", { worktree: true }, "NOT_GIT"],
    ["an unknown agent", { agent: "nobody" }, "AGENT_UNAVAILABLE"],
    ["an agent that is not installed", { agent: "qwen" }, "AGENT_UNAVAILABLE"],
    ["a mode that the agent cannot hold", { approvalMode: "readOnly" }, "UNPROCESSABLE"],
    ["an unknown parent", { parentId: "ses_00000000000000000000000000" }, "UNPROCESSABLE"],
    ["an unknown workspace", { workspaceId: "wsp_00000000000000000000000000" }, "UNPROCESSABLE"],
  ])("[I-3] %s cannot be had", async (_, body, code) => {
    expect((await create(body, 422)).code).toBe(code);
  });

  test("[I-6] the data directory is no place to work in, nor is anything inside it", async () => {
    const inside = join(server.root, "data", "inside");
    await mkdir(inside);
    for (const directory of [join(server.root, "data"), inside])
      expect((await create({ directory }, 422)).code).toBe("UNPROCESSABLE");
  });

  test("[D-5] a repeated creation answers the first session as it is now, another body is refused", async () => {
    const headers = { "idempotency-key": `key ${id}` };
    const post = (title: string) =>
      server.fetch("/api/sessions", { method: "POST", headers, json: { directory: server.project, title } });
    const first = await post("a");
    const { id: made } = (await first.json()) as Session;
    await server.call("PATCH", `/api/sessions/${made}`, { title: "b" });
    const second = await post("a");
    expect([first.status, second.status]).toEqual([201, 201]);
    expect([first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(await second.json()).toMatchObject({ id: made, title: "b" });
    const third = await post("c");
    expect([third.status, ((await third.json()) as Problem).code]).toEqual([409, "IDEMPOTENCY_MISMATCH"]);
  });

  test("[D-5] a repeated creation is answered although its directory is gone by now", async () => {
    const directory = join(server.root, "passing");
    await mkdir(directory);
    const headers = { "idempotency-key": "passing" };
    const post = (title: string) =>
      server.fetch("/api/sessions", { method: "POST", headers, json: { directory, title } });
    const first = (await (await post("a")).json()) as Session;
    await rm(directory, { recursive: true });
    const second = await post("a");
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect(await second.json()).toMatchObject({ id: first.id });
    expect(((await (await post("b")).json()) as Problem).code).toBe("IDEMPOTENCY_MISMATCH");
    expect((await create({ directory }, 422)).code).toBe("UNPROCESSABLE");
  });

  test("[D-5] twenty creations at once with one key make one session, however their fields are ordered", async () => {
    const bodies = [
      { directory: server.project, title: "same" },
      { title: "same", directory: server.project },
    ];
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const headers = { "idempotency-key": `race ${id}` };
        const response = await server.fetch("/api/sessions", {
          method: "POST",
          headers,
          json: bodies[at % 2],
        });
        return ((await response.json()) as Session).id;
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });

  test("[I-4] sessions page both ways by opaque cursors, with links", async () => {
    const directory = join(server.root, "paging");
    await mkdir(directory);
    const made: string[] = [];
    for (let at = 0; at < 5; at += 1) made.unshift((await create({ directory }, 201)).id);
    const query = `directory=${encodeURIComponent(directory)}&limit=2`;
    const list = (extra: string): Promise<SessionList> =>
      server.call("GET", `/api/sessions?${query}${extra}`);
    const first = await list("");
    const second = await list(`&before=${first.next}`);
    const third = await list(`&before=${second.next}`);
    expect([first, second, third].flatMap((page) => page.items.map((item) => item.id))).toEqual(made);
    expect([first.prev, third.next]).toEqual([undefined, undefined]);
    expect(Buffer.from(first.next ?? "", "base64url").toString(), "kept over releases").toMatch(/^s\.\d+$/);
    const back = await list(`&after=${third.prev}`);
    expect(back.items).toEqual(second.items);
    const response = await server.fetch(`/api/sessions?${query}&before=${first.next}`);
    const link = response.headers.get("link") ?? "";
    expect(link).toMatch(/^<\/api\/sessions\?.*limit=2.*before=.*>; rel="next", <.*after=.*>; rel="prev"$/);
    const next = /<([^>]+)>; rel="next"/.exec(link)?.[1] ?? "";
    expect(await server.call("GET", next)).toEqual(third);
    await response.body?.cancel();
  });

  test("[R-1.3] archiving hides a session from the list and back, and lets its agents go", async () => {
    const listed = async (archived: string): Promise<boolean> => {
      const { items } = await server.call<SessionList>("GET", `/api/sessions?limit=200&archived=${archived}`);
      return items.some((item) => item.id === id);
    };
    expect((await patch({ archived: true }, 200)).time.archived).toBeGreaterThan(0);
    expect(server.turns.released).toContain(id);
    expect([await listed("false"), await listed("true"), await listed("all")]).toEqual([false, true, true]);
    const refused = await server.call<Problem>(
      "POST",
      `/api/sessions/${id}/inputs`,
      { parts: [{ type: "text", text: "a" }] },
      409,
    );
    expect(refused.code).toBe("CONFLICT");
    expect((await patch({ archived: false }, 200)).time.archived).toBeUndefined();
    expect([await listed("false"), server.turns.woken.includes(id)]).toEqual([true, true]);
  });

  test("[D-10, R-17.18] a session with a running turn can be renamed, but neither archived nor deleted", async () => {
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text: "a" }] });
    const started = await server.startTurn(id);
    expect((await patch({ title: "busy" }, 200)).title).toBe("busy");
    expect((await patch({ archived: true }, 409)).code).toBe("SESSION_BUSY");
    const refused = await server.fetch(`/api/sessions/${id}`, { method: "DELETE" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([409, "1"]);
    await server.endTurn(started, { state: "completed" });
    await server.call("DELETE", `/api/sessions/${id}`, undefined, 204);
    await server.call("DELETE", `/api/sessions/${id}`, undefined, 404);
  });

  test("[A-20] changes of agent and mode are checked, and model can be cleared", async () => {
    expect((await patch({ agent: "qwen" }, 422)).code).toBe("AGENT_UNAVAILABLE");
    expect((await patch({ approvalMode: "edits" }, 422)).code).toBe("UNPROCESSABLE");
    expect((await patch({ model: { modelId: "m" }, approvalMode: "all" }, 200)).model).toEqual({
      modelId: "m",
    });
    expect((await patch({ model: null }, 200)).model).toBeUndefined();
    expect((await patch({ unknown: 1 }, 400)).code).toBe("INVALID_REQUEST");
  });

  test("[I-15] files of a workspace are found by a few letters", async () => {
    await mkdir(join(server.project, "src"), { recursive: true });
    await Promise.all(
      ["src/server.ts", "src/observer.ts", "readme.md"].map((path) =>
        writeFile(join(server.project, path), ""),
      ),
    );
    const { workspaceId } = await server.sessions.get(id);
    const { items } = await server.call<{ items: { path: string }[] }>(
      "GET",
      `/api/workspaces/${workspaceId}/files?q=serv`,
    );
    expect(items).toEqual([{ path: "src/server.ts" }, { path: "src/observer.ts" }]);
    expect(await server.call("GET", `/api/workspaces/${workspaceId}`)).toMatchObject({
      directory: server.project,
    });
  });

  test("[D-10] after drain nothing new is started, and what is there can still be read", async () => {
    await using draining = await ServerUnderTest.start();
    const session = await draining.createSession();
    draining.http.drain();
    const refused = await draining.fetch(`/api/sessions/${session}/inputs`, {
      method: "POST",
      json: { parts: [{ type: "text", text: "a" }] },
    });
    expect([refused.status, ((await refused.json()) as Problem).code]).toEqual([503, "SHUTTING_DOWN"]);
    expect((await draining.fetch(`/api/sessions/${session}`)).status).toBe(200);
  });
});
