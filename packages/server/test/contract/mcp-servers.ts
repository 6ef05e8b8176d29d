import { newId } from "@holdfast/kernel";
import type { McpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, SYSTEM } from "./rig.ts";
import { topic } from "./topic.ts";

const SECRET = "hush-hush";
const one: McpServer = { type: "stdio", command: "one", env: { TOKEN: SECRET } };
const docs: McpServer = { type: "http", url: "https://docs.example/mcp", headers: { Authorization: SECRET } };

export const mcpServersTopic = topic("MCP servers", (rig) => {
  test("[A-7] a turn is given its project's servers and its session's over them, whole; everybody else is shown names", async () => {
    const { value: session } = await rig().create({ mcpServers: { docs } });
    const { id: sessionId, projectId } = session;
    expect(session.mcpServers).toEqual({
      docs: { type: "http", url: "https://docs.example/mcp", headers: ["Authorization"] },
    });
    const from = await rig().store.lastPosition();
    const project = await rig().store.patchProject({
      projectId,
      mcpServers: { one, docs: one },
      actor: OWNER,
    });
    const shown = { type: "stdio", command: "one", env: ["TOKEN"] };
    expect(project.value).toMatchObject({ worktree: {}, mcpServers: { one: shown, docs: shown } });
    await rig().admit(sessionId);
    const run = await rig().start(sessionId);
    expect(run.mcpServers).toEqual([
      { ...docs, name: "docs" },
      { ...one, name: "one" },
    ]);
    expect(await rig().store.givenServers(sessionId)).toEqual(run.mcpServers);
    expect(await rig().store.givenServers(newId("ses"))).toEqual([]);
    await rig().finish(run);

    const patch = { mcpServers: { docs: null, one: { type: "off" } } } as const;
    const { value: off } = await rig().store.patchSession({ sessionId, patch, actor: OWNER });
    expect(off.mcpServers).toEqual({ one: { type: "off" } });
    await rig().admit(sessionId);
    const next = await rig().start(sessionId);
    expect(next.mcpServers).toEqual([{ ...one, name: "docs" }]);
    await rig().finish(next);

    const feed = await rig().store.replayFeed({ after: from, limit: 500 });
    const told = JSON.stringify([rig().heard(sessionId), feed, run.session, project, off]);
    expect(told).toContain("TOKEN");
    expect(told).not.toContain(SECRET);
    const replay = await rig().store.replaySession({ sessionId, after: 0, limit: 500 });
    expect(JSON.stringify(replay.events)).not.toContain(SECRET);
  });

  test("[A-7, D-5] a patch changes what it names, once a key; the rest of the row stays, and so do the servers when it changes", async () => {
    const { value: session } = await rig().create({ title: "kept", mcpServers: { one } });
    const { id: sessionId, projectId } = session;
    const command = {
      sessionId,
      patch: { mcpServers: { docs, one: null } },
      actor: OWNER,
      idempotency: keyed(sessionId),
    };
    const { value } = await rig().store.patchSession(command);
    expect(value.title).toBe("kept");
    expect(Object.keys(value.mcpServers ?? {})).toEqual(["docs"]);
    const renamed = await rig().store.patchSession({ sessionId, patch: { title: "new" }, actor: OWNER });
    expect(Object.keys(renamed.value.mcpServers ?? {})).toEqual(["docs"]);
    await rig().store.patchSession({ sessionId, patch: { mcpServers: { docs: null } }, actor: OWNER });
    const again = await rig().store.patchSession(command);
    expect(again.replayed).toBe(true);
    expect(again.value).not.toHaveProperty("mcpServers");
    const worktree = { hooks: true };
    await rig().store.patchProject({ projectId, mcpServers: { one }, actor: OWNER });
    const { value: project } = await rig().store.patchProject({ projectId, worktree, actor: OWNER });
    expect(project).toMatchObject({ worktree, mcpServers: { one: { type: "stdio" } } });
  });

  test("[A-14] a turn whose agent is given servers takes the lease, whatever the mode of the agent", async () => {
    const sessionId = await rig().session({ approvalMode: "readOnly" });
    await rig().admit(sessionId);
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({ hasMcpServers: false });
    await rig().store.patchSession({ sessionId, patch: { mcpServers: { one } }, actor: OWNER });
    expect(await rig().store.nextTurn(sessionId)).toMatchObject({ hasMcpServers: true });
    const start = {
      sessionId,
      instanceId: rig().instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: SYSTEM,
    };
    expect(
      await rig().store.startTurn({ ...start, writes: false }),
      "thought to be a reader",
    ).toBeUndefined();
    const run = await rig().store.startTurn(start);
    expect(run?.mcpServers).toHaveLength(1);
    if (run !== undefined) await rig().finish(run);
  });

  test("[A-7] more than may be set is refused, and nothing of it is kept", async () => {
    const sessionId = await rig().session({ mcpServers: { one } });
    const mcpServers = { two: { ...one, args: ["x".repeat(64 * 1024)] } };
    const refused = rig().store.patchSession({ sessionId, patch: { mcpServers }, actor: OWNER });
    expect(await refusalOf(refused)).toBe("UNPROCESSABLE");
    const session = await rig().store.getSession(sessionId);
    expect(Object.keys(session?.mcpServers ?? {})).toEqual(["one"]);
  });
});
