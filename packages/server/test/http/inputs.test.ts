import { createHash } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { newId } from "@holdfast/kernel";
import type {
  Admitted,
  InputList,
  MessageList,
  PermissionId,
  Session,
  SessionId,
  TurnResult,
} from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

type Problem = { code: string };

describe("inputs, turns and history over HTTP", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
    await writeFile(join(server.project, "inside.txt"), "inside");
    await writeFile(join(server.root, "data", "token"), "secret");
    await writeFile(join(server.root, "outside.txt"), "outside");
    await mkdir(join(server.project, "links"));
    await symlink(join(server.root, "outside.txt"), join(server.project, "links", "out"));
    await symlink(join(server.root, "data"), join(server.project, "links", "data"));
    await symlink(join(server.project, "inside.txt"), join(server.project, "links", "in"));
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    id = await server.createSession();
  });

  const text = (value: string) => ({ parts: [{ type: "text", text: value }] });
  const admit = <T = Admitted>(body: unknown, status = 202, query = ""): Promise<T> =>
    server.call<T>("POST", `/api/sessions/${id}/inputs${query}`, body, status);
  const admitFile = <T = Admitted>(url: string, status = 202): Promise<T> =>
    admit<T>({ parts: [{ type: "file", mime: "text/plain", url }] }, status);
  const queue = (): Promise<InputList> => server.call("GET", `/api/sessions/${id}/inputs?state=queued`);

  test("[D-5] admission answers input, turn and message, with agent and model resolved, and wakes the session", async () => {
    await server.call("PATCH", `/api/sessions/${id}`, { model: { modelId: "then" } });
    const { input, turn, message } = await admit(text("hello \ud800"));
    await server.call("PATCH", `/api/sessions/${id}`, { model: { modelId: "later" } });
    expect(input).toMatchObject({
      turnId: turn.id,
      messageId: message.info.id,
      agent: "rehearsal",
      model: { modelId: "then" },
    });
    expect(message.parts).toMatchObject([{ type: "text", text: "hello \ufffd", messageId: message.info.id }]);
    expect(server.turns.woken).toContain(id);
    expect((await server.startTurn(id)).turn.model).toEqual({ modelId: "then" });
  });

  test("[D-6, A-28] a steer is one where the agent was seen to take it and nothing but words and files is asked; else it is queued, and the answer names both", async () => {
    const deliveries = async (more: object) => {
      const { input } = await admit({ ...text("now"), delivery: "steer", ...more });
      return [input.requestedDelivery, input.delivery];
    };
    expect(await deliveries({})).toEqual(["steer", "queue"]);
    expect(await deliveries({ agent: "steered" })).toEqual(["steer", "steer"]);
    for (const more of [{ system: "Be short." }, { parts: [{ type: "agent", name: "explore" }] }])
      expect(await deliveries({ agent: "steered", ...more })).toEqual(["steer", "queue"]);
  });

  test("[D-5] a repeated input is the same input, also when only the repetition waits", async () => {
    const send = (query: string) =>
      server.fetch(`/api/sessions/${id}/inputs${query}`, {
        method: "POST",
        headers: { "idempotency-key": "one" },
        json: text("once"),
      });
    const first = (await (await send("")).json()) as Admitted;
    const started = await server.startTurn(id);
    const waiting = send("?wait=true");
    await server.endTurn(started, { state: "completed", finish: "stop" });
    const second = await waiting;
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([200, "true"]);
    const result = (await second.json()) as TurnResult;
    expect([result.turn.id, result.turn.state, result.messages.length]).toEqual([
      first.turn.id,
      "completed",
      2,
    ]);
    expect((await server.call<InputList>("GET", `/api/sessions/${id}/inputs`)).items).toHaveLength(1);
  });

  test("[D-5] a repetition is answered although the file that it names is gone by now", async () => {
    await writeFile(join(server.project, "passing.txt"), "");
    const send = (key: string) =>
      server.fetch(`/api/sessions/${id}/inputs`, {
        method: "POST",
        headers: { "idempotency-key": key },
        json: { parts: [{ type: "file", mime: "text/plain", url: "passing.txt" }] },
      });
    const first = (await (await send("a")).json()) as Admitted;
    await rm(join(server.project, "passing.txt"));
    const second = await send("a");
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([202, "true"]);
    expect(await second.json()).toEqual(first);
    expect((await send("b")).status).toBe(422);
    expect((await queue()).items).toHaveLength(1);
  });

  test("[D-5] a repetition whose file is gone is answered while the first request is not committed yet", async () => {
    await writeFile(join(server.project, "passing.txt"), "");
    const send = () =>
      server.fetch(`/api/sessions/${id}/inputs`, {
        method: "POST",
        headers: { "idempotency-key": "at once" },
        json: { parts: [{ type: "file", mime: "text/plain", url: "passing.txt" }] },
      });
    const sent = vi.spyOn(server.store, "admitInput");
    // What the writer has to do first keeps the first request uncommitted while the second is refused.
    const instanceId = newId("ins");
    const before = Promise.all(Array.from({ length: 20_000 }, () => server.store.heartbeat({ instanceId })));
    const first = send();
    await vi.waitFor(() => expect(sent).toHaveBeenCalledOnce(), { timeout: 120_000 });
    await rm(join(server.project, "passing.txt"));
    const second = await send();
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([202, "true"]);
    expect(await second.json()).toEqual(await (await first).json());
    expect(sent).toHaveBeenCalledOnce();
    sent.mockRestore();
    await before;
  });

  test("[I-2] waiting answers 202 when the time is over, and a caller that leaves cancels nothing", async () => {
    const late = await admit(text("slow"), 202, "?wait=true&timeout=20");
    expect(late.turn.state).toBe("queued");
    const controller = new AbortController();
    const left = server.fetch(`/api/turns/${late.turn.id}?wait=true`, { signal: controller.signal });
    controller.abort();
    await expect(left).rejects.toThrow("aborted");
    expect(await server.call("GET", `/api/turns/${late.turn.id}`)).toMatchObject({ state: "queued" });
    await admit(text("a"), 400, "?wait=true&timeout=600001");
  });

  test("[D-6] the queue is listed, edited, reordered and emptied until delivery", async () => {
    const made = [await admit(text("a")), await admit(text("b")), await admit(text("c"))].map(
      ({ input }) => input.id,
    );
    const [a = "", b = "", c = ""] = made as string[];
    const order = await server.call<InputList>("POST", `/api/sessions/${id}/queue/reorder`, {
      inputIds: [c, a],
    });
    expect(order.items.map((input) => input.id)).toEqual([c, a, b]);
    await server.call("DELETE", `/api/inputs/${a}`, undefined, 204);
    await server.call("PATCH", `/api/inputs/${b}`, text("bb"));
    expect((await queue()).items.map((input) => [input.id, input.parts])).toMatchObject([
      [c, [{ text: "c" }]],
      [b, [{ text: "bb" }]],
    ]);
    await server.startTurn(id);
    expect(await server.call<Problem>("PATCH", `/api/inputs/${c}`, text("x"), 409)).toMatchObject({
      code: "CONFLICT",
    });
    const unknown = { inputIds: [c] };
    expect(
      await server.call<Problem>("POST", `/api/sessions/${id}/queue/reorder`, unknown, 409),
    ).toMatchObject({ code: "CONFLICT" });
  });

  test("[D-10] a stopped turn is cancelled once, and its queue pauses until it is resumed", async () => {
    const { turn } = await admit(text("a"));
    await admit(text("b"));
    const started = await server.startTurn(id);
    for (let times = 0; times < 2; times += 1)
      expect(await server.call("POST", `/api/turns/${turn.id}/cancel`, {}, 202)).toHaveProperty("stopping");
    expect((await server.endTurn(started, { state: "completed" })).reason).toBe("cancelled");
    expect((await server.sessions.get(id)).queue).toEqual({ length: 1, paused: true });
    const resumed = await server.call<Session>("POST", `/api/sessions/${id}/queue/resume`);
    expect(resumed.queue.paused).toBe(false);
    expect(await server.call<Problem>("POST", `/api/turns/${turn.id}/resume`, {}, 409)).toMatchObject({
      code: "CONFLICT",
    });
  });

  test("[D-19] one turn goes on from an interrupted one, ahead of the queue, whoever asks how often", async () => {
    const { turn } = await admit(text("first"));
    await admit(text("second"));
    const started = await server.startTurn(id);
    expect(await server.call<Problem>("POST", `/api/turns/${turn.id}/resume`, {}, 409)).toMatchObject({
      code: "CONFLICT",
    });
    await server.endTurn(started, { state: "aborted", reason: "interrupted" });
    await server.store.pauseQueue({
      sessionId: id,
      actor: { id: "system:test", kind: "system", label: "t" },
    });
    const resume = (key: string) =>
      server.fetch(`/api/turns/${turn.id}/resume`, { method: "POST", headers: { "idempotency-key": key } });
    const answers = await Promise.all(["a", "b", "a", "c", "a"].map(resume));
    const statuses = answers.map((answer) => answer.status);
    expect(new Set(statuses)).toEqual(new Set([202, 409]));
    expect([statuses[2], statuses[4]]).toEqual([statuses[0], statuses[0]]);
    const { items } = await queue();
    expect(items).toHaveLength(2);
    expect(items[0]?.parts[0]).toMatchObject({ synthetic: true });
    expect(JSON.stringify(items[0]?.parts)).not.toContain("first");
    const successor = await server.startTurn(id);
    expect(successor.turn).toMatchObject({ resumes: turn.id, attempts: 2, inputId: items[0]?.id });
    for (const answer of answers) await answer.body?.cancel();
  });

  test("[D-28] inline content becomes a blob that is served as a sandboxed attachment", async () => {
    const bytes = Buffer.from("<script>alert(1)</script>");
    const url = `data:text/html;base64,${bytes.toString("base64")}`;
    const { message } = await admit({ parts: [{ type: "file", mime: "text/html", url }] });
    const hash = createHash("sha256").update(bytes).digest("hex");
    expect(message.parts).toMatchObject([{ type: "file", url: `blob:${hash}` }]);
    const response = await server.fetch(`/api/sessions/${id}/blobs/${hash}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({ "content-type": "text/html", "x-content-type-options": "nosniff" });
    expect(headers["content-security-policy"]).toContain("sandbox");
    expect(headers["content-disposition"]).toMatch(/^attachment/);
    await admitFile(`blob:${hash}`);
    const other = await server.createSession();
    await server.call("GET", `/api/sessions/${other}/blobs/${hash}`, undefined, 404);
    await server.call("GET", `/api/sessions/${id}/blobs/..%2f..%2ftoken`, undefined, 404);
  });

  test("[I-6] a file of the workspace is named by its real path, also through a link inside", async () => {
    const real = pathToFileURL(join(server.project, "inside.txt")).href;
    for (const url of ["inside.txt", "./links/in", join(server.project, "inside.txt"), real]) {
      const { message } = await admitFile(url);
      expect(message.parts).toMatchObject([{ url: real }]);
    }
    const { message } = await admitFile(`${real}?start=2&end=9&x=1`);
    expect(message.parts).toMatchObject([{ url: `${real}?start=2&end=9` }]);
  });

  test.each([
    ["a path above", "../outside.txt", "PATH_ESCAPES"],
    ["an absolute path", "/etc/passwd", "PATH_ESCAPES"],
    ["a path that is not there, outside", "/nowhere", "PATH_ESCAPES"],
    ["a link that leads out", "links/out", "PATH_ESCAPES"],
    ["a link into the data directory", "links/data/token", "PATH_ESCAPES"],
    ["a file: URL outside", "file:///etc/passwd", "PATH_ESCAPES"],
    ["a file: URL with dots", "file:///tmp/%2e%2e/etc/passwd", "PATH_ESCAPES"],
    ["a file: URL of another host", "file://host/etc/passwd", "UNPROCESSABLE"],
    ["a file that is not there", "missing.txt", "UNPROCESSABLE"],
    ["plain http", "http://example.test/a", "UNPROCESSABLE"],
    ["a script", "javascript:alert(1)", "UNPROCESSABLE"],
    ["base64 that is none", "data:text/plain;base64,@@@@", "UNPROCESSABLE"],
    ["a blob of nobody", `blob:${"0".repeat(64)}`, "UNPROCESSABLE"],
  ])("[I-6] a file part with %s is refused", async (_, url, code) => {
    expect(await admitFile<Problem>(url, 422)).toMatchObject({ code });
    expect((await queue()).items).toEqual([]);
  });

  test("[I-6] a workspace around the data directory gives nothing of it away", async () => {
    const around = await server.call<Session>("POST", "/api/sessions", { directory: server.root });
    const parts = (url: string) => ({ parts: [{ type: "file", mime: "text/plain", url }] });
    const path = `/api/sessions/${around.id}/inputs`;
    for (const url of ["data/token", "data", "project/links/data/token"])
      expect(await server.call<Problem>("POST", path, parts(url), 422)).toMatchObject({
        code: "PATH_ESCAPES",
      });
    await server.call("POST", path, parts("project/inside.txt"), 202);
    const files = `/api/workspaces/${around.workspaceId}/files?q=token`;
    expect(await server.call("GET", files)).toEqual({ items: [] });
  });

  test("[D-28] an inline file over 10 MiB is too large", async () => {
    const url = `data:application/octet-stream;base64,${Buffer.alloc(10 * 1024 * 1024 + 3).toString("base64")}`;
    expect(await admitFile<Problem>(url, 413)).toMatchObject({ code: "TOO_LARGE" });
  });

  test("[D-29] the history pages both ways, newest page first", async () => {
    for (const word of ["one", "two", "three"]) {
      await admit(text(word));
      await server.endTurn(await server.startTurn(id), { state: "completed" });
    }
    const page = (query: string): Promise<MessageList> =>
      server.call("GET", `/api/sessions/${id}/messages?${query}`);
    const all = await page("limit=200");
    expect(all.items.map(({ info }) => info.role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
      "assistant",
    ]);
    expect(all.seq).toBe(await server.store.lastSeq(id));
    const first = await page("limit=4");
    const second = await page(`limit=4&before=${first.next}`);
    expect([...second.items, ...first.items]).toEqual(all.items);
    expect((await page(`limit=4&after=${second.prev}`)).items).toEqual(first.items);
    await server.call("GET", `/api/sessions/${newId("ses")}/messages`, undefined, 404);
    await server.call("GET", `/api/sessions/${id}/messages?before=x`, undefined, 400);
  });

  test("[R-4.2, R-4.3] messages and parts can be changed and removed, but never become others", async () => {
    const { message } = await admit(text("before"));
    const started = await server.startTurn(id);
    const [part] = message.parts;
    const path = `/api/messages/${message.info.id}/parts/${part?.id}`;
    const changed = { ...part, text: "after" };
    expect(await server.call<Problem>("PATCH", path, changed, 409)).toMatchObject({ code: "SESSION_BUSY" });
    await server.endTurn(started, { state: "completed" });
    expect(await server.call("PATCH", path, changed)).toMatchObject({ text: "after" });
    expect(await server.call("GET", path)).toMatchObject({ text: "after" });
    await server.call("PATCH", path, { ...changed, sessionId: newId("ses") }, 422);
    await server.call("PATCH", path, { ...changed, messageId: newId("msg") }, 422);
    await server.call("GET", `/api/messages/${started.assistantMessageId}/parts/${part?.id}`, undefined, 404);
    const { info } = await server.sessions.getMessage(started.assistantMessageId);
    const answer = `/api/messages/${info.id}`;
    expect(await server.call("PATCH", answer, { ...info, metadata: { stars: 5 } })).toMatchObject({
      info: { metadata: { stars: 5 } },
    });
    await server.call("PATCH", answer, { ...info, parentId: newId("msg") }, 422);
    for (const [path, forged] of Object.entries({ structured: { sum: 4 }, summary: true, mode: "another" }))
      expect(
        await server.call<Problem>("PATCH", answer, { ...info, [path]: forged }, 422),
        path,
      ).toMatchObject({ code: "UNPROCESSABLE", issues: [{ path }] });
    await server.call("DELETE", path, undefined, 204);
    await server.call("DELETE", answer, undefined, 204);
    await server.call("GET", answer, undefined, 404);
  });

  test("[A-19] a permission request is answered once", async () => {
    await admit(text("go"));
    const { epoch, turn } = await server.startTurn(id);
    const permissionId: PermissionId = newId("per");
    const asked = {
      agent: "rehearsal",
      tool: "write",
      title: "Write a",
      kind: "edit",
      args: {},
      patterns: ["a"],
    };
    await server.store.askPermission({
      sessionId: id,
      epoch,
      permission: {
        id: permissionId,
        sessionId: id,
        turnId: turn.id,
        ...asked,
        state: "pending",
        time: { asked: 1 },
      },
    });
    const { items } = await server.call<{ items: { id: string }[] }>(
      "GET",
      `/api/permissions?state=pending&sessionId=${id}`,
    );
    expect(items.map((item) => item.id)).toEqual([permissionId]);
    expect((await server.sessions.get(id)).status).toBe("waiting");
    const path = `/api/permissions/${permissionId}/reply`;
    expect(await server.call("POST", path, { reply: "always" })).toMatchObject({
      state: "replied",
      reply: "always",
    });
    expect(await server.call<Problem>("POST", path, { reply: "reject" }, 409)).toMatchObject({
      code: "ALREADY_REPLIED",
    });
    const rules = await server.call<{ items: { id: string }[] }>("GET", "/api/permission-rules");
    expect(rules.items.length).toBeGreaterThan(0);
    const rule = `/api/permission-rules/${rules.items[0]?.id}`;
    await server.call("DELETE", rule, undefined, 204);
    await server.call("DELETE", rule, undefined, 404);
    expect(await server.call("GET", "/api/questions?state=pending")).toEqual({ items: [], total: 0 });
  });

  test("[A-21] usage, plan and agents of a session are read with the seq they are current to", async () => {
    await admit(text("go"));
    const started = await server.startTurn(id);
    const usage = { tokens: { input: 3, output: 4 } };
    await server.endTurn(started, { state: "completed", usage });
    const seq = await server.store.lastSeq(id);
    expect(await server.call("GET", `/api/sessions/${id}/usage`)).toMatchObject({
      usage,
      agents: [{ agent: "rehearsal", usage }],
      seq,
    });
    expect(await server.call("GET", `/api/sessions/${id}/todos`)).toEqual({ items: [], seq });
    const { items } = await server.call<{ items: Record<string, unknown>[] }>(
      "GET",
      `/api/sessions/${id}/agents`,
    );
    expect(items).toMatchObject([{ agent: "rehearsal", sessionId: id }]);
    expect(items[0]).not.toHaveProperty("cwd");
    expect(await server.call("GET", `/api/sessions/${id}/turns`)).toMatchObject({
      items: [{ id: started.turn.id }],
      seq,
    });
  });
});
