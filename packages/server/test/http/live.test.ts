import { newId } from "@holdfast/kernel";
import type { AgentSession, LiveAgentList, Problem, Session, Workspace } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIVE, ServerUnderTest } from "./server-under-test.ts";

let server: ServerUnderTest;
let session: Session;

beforeAll(async () => {
  server = await ServerUnderTest.start();
  session = await server.call<Session>("POST", "/api/sessions", { directory: server.project });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("live agents and workspaces over HTTP", () => {
  test("[A-8] the live agents are listed as the pool sees them", async () => {
    expect(await server.call<LiveAgentList>("GET", "/api/agents/live")).toEqual(LIVE);
    expect((await fetch(`${server.url}/api/agents/live`)).status).toBe(401);
  });

  test("[A-8, I-21] an idle agent is closed by hand as often as one likes, a used one is not, and a stranger is unknown", async () => {
    const { id } = session;
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text: "hello" }] });
    const started = await server.startTurn(id);
    const close = (agent: string, status: number, of: string = id) =>
      server.call<AgentSession | Problem>(
        "POST",
        `/api/sessions/${of}/agents/${agent}/close`,
        undefined,
        status,
      );
    server.turns.usedAgents.add("rehearsal");
    expect(await close("rehearsal", 409)).toMatchObject({ code: "SESSION_BUSY" });
    await server.endTurn(started, { state: "completed", finish: "stop" });
    server.turns.usedAgents.clear();
    const known = started.agentSession.id;
    expect(await close("rehearsal", 202)).toMatchObject({ id: known, sessionId: id, agent: "rehearsal" });
    expect(await close("rehearsal", 202)).not.toHaveProperty("cwd");
    expect(server.turns.closedAgents).toEqual(["rehearsal", "rehearsal"]);

    for (const stranger of ["qwen", "native%3Abuild", "No-Agent"])
      expect(await close(stranger, 404)).toMatchObject({ code: "NOT_FOUND" });
    expect(await close("rehearsal", 404, newId("ses"))).toMatchObject({ code: "NOT_FOUND" });
    const refused = await fetch(`${server.url}/api/sessions/${id}/agents/rehearsal/close`, {
      method: "POST",
    });
    expect(refused.status).toBe(401);
    expect(server.turns.closedAgents).toHaveLength(2);
  });

  test("[A-14] a workspace is made shared, and what waits for it is woken", async () => {
    const path = `/api/workspaces/${session.workspaceId}`;
    expect(await server.call<Workspace>("GET", path)).toMatchObject({ concurrency: "exclusive" });
    expect(await server.call<Workspace>("PATCH", path, { concurrency: "shared" })).toMatchObject({
      id: session.workspaceId,
      concurrency: "shared",
    });
    expect(server.turns.wokenWorkspaces).toEqual([session.workspaceId]);
    expect(await server.call<Workspace>("GET", path)).toMatchObject({ concurrency: "shared" });
    await server.call<Problem>("PATCH", path, { concurrency: "sometimes" }, 400);
    await server.call<Problem>("PATCH", path, { concurrency: "shared", more: 1 }, 400);
    await server.call<Problem>(
      "PATCH",
      `/api/workspaces/${session.projectId}`,
      { concurrency: "shared" },
      404,
    );
  });
});
