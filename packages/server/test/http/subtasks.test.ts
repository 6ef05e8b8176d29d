import { MOST_SUBTASKS, type Session, type SessionId, SUBTASK_DEPTH } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

type Problem = { code: string; issues?: { path: string; message: string }[] };

describe("[R-9.3] subtasks at admission", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    id = await server.createSession();
  });

  const subtask = (more: object = {}) => ({
    type: "subtask",
    agent: "rehearsal",
    description: "Look",
    prompt: "look",
    ...more,
  });
  const admit = <T>(parts: object[], status: number, sessionId: SessionId = id): Promise<T> =>
    server.call<T>("POST", `/api/sessions/${sessionId}/inputs`, { parts }, status);
  const text = { type: "text", text: "go on" };

  test.each([
    ["without words or a command", { prompt: " " }, "prompt"],
    ["with more than one word as its command", { command: "two words" }, "command"],
    ["with a slash before its command", { command: "/help" }, "command"],
  ])("[R-9.3] one %s is refused by its field", async (_name, more, field) => {
    const { issues } = await admit<Problem>([text, subtask(more)], 422);
    expect(issues).toMatchObject([{ path: `body.parts.1.${field}` }]);
  });

  test("[R-9.3, A-7] what the session's own agent of that name is known not to offer is refused by its field", async () => {
    await admit([text], 202);
    const started = await server.startTurn(id);
    const commands = [{ name: "help", description: "" }];
    const models = { current: "a", available: [{ id: "a", name: "a" }] };
    await server.store.updateAgentSession({
      agentSessionId: started.agentSession.id,
      patch: { commands, models },
      actor: started.turn.actor,
    });
    const refused = await admit<Problem>([subtask({ command: "review" })], 422);
    expect(refused.issues).toMatchObject([
      {
        path: "body.parts.0.command",
        message: "parts.0.command: rehearsal does not offer /review. It offers /help.",
      },
    ]);
    const model = await admit<Problem>([subtask({ model: { modelId: "b" } })], 422);
    expect(model.issues).toMatchObject([{ path: "body.parts.0.model" }]);
    await admit([subtask({ command: "help", prompt: "" })], 202);
  });

  test("[R-9.3] an agent that is not there is refused", async () => {
    expect(await admit<Problem>([subtask({ agent: "qwen" })], 422)).toMatchObject({
      code: "AGENT_UNAVAILABLE",
    });
  });

  test("[R-9.3] more than fit into one prompt are refused", async () => {
    const most = Array.from({ length: MOST_SUBTASKS }, () => subtask());
    await admit(most, 202);
    expect((await admit<Problem>([...most, subtask()], 422)).issues).toMatchObject([{ path: "body.parts" }]);
  });

  test("[R-9.3] a session that is as deep as children go has none, whether admitted or edited", async () => {
    let deepest = id;
    for (let depth = 1; depth <= SUBTASK_DEPTH; depth += 1) {
      await admit([subtask()], 202, deepest);
      const body = { directory: server.project, agent: "rehearsal", parentId: deepest };
      deepest = (await server.call<Session>("POST", "/api/sessions", body, 201)).id;
    }
    expect((await admit<Problem>([subtask()], 422, deepest)).issues).toMatchObject([{ path: "body.parts" }]);
    const { input } = await admit<{ input: { id: string } }>([text], 202, deepest);
    const edited = await server.call<Problem>(
      "PATCH",
      `/api/inputs/${input.id}`,
      { parts: [subtask()] },
      422,
    );
    expect(edited.issues).toMatchObject([{ path: "body.parts" }]);
  });
});
