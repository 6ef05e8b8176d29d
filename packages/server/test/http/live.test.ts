import type { LiveAgentList, Problem, Session, Workspace } from "@holdfast/protocol";
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
