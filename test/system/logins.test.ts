/** An agent that wants a login: the turn says which ways there are, and one of them is gone over the API. */
import { join } from "node:path";
import { isTerminal } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";

const FAULTY = join(import.meta.dirname, "../../packages/rehearsal/test/fixture/faulty.js");
const command = [process.execPath, FAULTY, "--fault", "needs-login"];

async function turnOf({ client }: HoldfastProcess, sessionId: string) {
  const { turn } = await client.admitInput(sessionId, { parts: [{ type: "text", text: "SAY hello" }] });
  return until("the end", async () => {
    const now = await client.getTurn(turn.id);
    return isTerminal(now.state) ? now : undefined;
  });
}

test("[A-25] the methods are named, one is called, one is a command, and afterwards the agent opens", async () => {
  await using root = await temporaryDirectory("logins");
  const config = { agents: { locked: { backend: "acp" as const, command } } };
  await using server = await startHoldfast({ root: root.path, config });
  const { client } = server;
  const session = await client.createSession({ directory: server.project, agent: "locked" });
  const refused = await turnOf(server, session.id);
  expect(refused).toMatchObject({
    state: "failed",
    reason: "error",
    error: {
      name: "ProviderAuthError",
      data: {
        providerId: "locked",
        methods: [
          { id: "key", name: "A key", description: "From the environment" },
          { id: "wrong", name: "Another key" },
          { id: "tty", name: "Sign in", command: [...command, "--login"] },
        ],
      },
    },
  });

  const login = (methodId: string, agent = "locked") =>
    client.authenticateAgent(session.id, agent, methodId).catch((error: unknown) => error);
  expect(await login("none")).toMatchObject({
    status: 422,
    message: expect.stringContaining("it offers key, wrong, tty") as string,
  });
  expect(await login("tty")).toMatchObject({
    status: 422,
    message: expect.stringContaining(`Run there: ${command.join(" ")} --login`) as string,
  });
  expect(await login("wrong")).toMatchObject({
    code: "AGENT_UNAVAILABLE",
    message: expect.stringContaining("locked refused the login: wrong key") as string,
  });
  expect(await login("key", "nobody")).toMatchObject({ code: "AGENT_UNAVAILABLE" });
  expect((await turnOf(server, session.id)).error?.name).toBe("ProviderAuthError");

  expect(await login("key")).toEqual({ methodId: "key" });
  expect(await turnOf(server, session.id)).toMatchObject({ state: "completed", opened: "new" });
  expect((await client.listLiveAgents()).items).toHaveLength(1);
  expect((await client.diagnostics()).leftoverProcesses).toEqual([]);
});
