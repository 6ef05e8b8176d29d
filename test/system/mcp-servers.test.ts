/** MCP servers over the whole way: set over the API, stored, given to the agent, and never told again. */
import { join } from "node:path";
import { type AdmitInput, type McpServer, type Message, type Session, isTerminal } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const SERVER = join(import.meta.dirname, "../harness/mcp-server.ts");
const wordsOf = (WORD: string) =>
  ({ type: "stdio", command: process.execPath, args: [SERVER], env: { WORD } }) as const satisfies McpServer;

const input = (text: string): AdmitInput => ({ parts: [{ type: "text", text }] });

/** What the tool calls and the text of one turn say, and how it found its agent. */
async function turnOf({ client }: HoldfastProcess, sessionId: string, text: string) {
  const { turn } = await client.admitInput(sessionId, input(text));
  const ended = await until("the end", async () => {
    const now = await client.getTurn(turn.id);
    return isTerminal(now.state) ? now : undefined;
  });
  const { items } = await client.listMessages(sessionId);
  const mine = items.filter(({ info }) => info.turnId === turn.id && info.role === "assistant");
  return { ...ended, said: JSON.stringify(mine.flatMap(({ parts }: Message) => parts)) };
}

const sessionIn = (
  { client, project }: HoldfastProcess,
  mcpServers?: Record<string, McpServer>,
): Promise<Session> =>
  client.createSession({
    directory: project,
    agent: "rehearsal",
    approvalMode: "all",
    ...(mcpServers === undefined ? {} : { mcpServers }),
  });

test("[A-7] servers reach the agent; a change opens it anew with its memory, and holds after a kill -9", async () => {
  await using root = await temporaryDirectory("mcp-servers");
  const options = { root: root.path };
  let server = await startHoldfast(options);
  try {
    const { client } = server;
    const session = await sessionIn(server);
    const first = await turnOf(server, session.id, "REMEMBER kiwi\nCALL words__tell");
    expect(first).toMatchObject({ state: "completed", opened: "new" });
    expect(first.said).toContain("no MCP server is called words");

    await client.patchProject(session.projectId, { mcpServers: { words: wordsOf("heron-heron") } });
    const second = await turnOf(server, session.id, 'CALL words__tell {"name": "it"}\nRECALL');
    expect(second).toMatchObject({ state: "completed", opened: "resumed", openedBy: "resume" });
    expect(second.said).toContain("it says heron-heron");
    expect(second.said).toContain("kiwi");
    expect(await turnOf(server, session.id, "SAY again")).toMatchObject({ openedBy: "live" });

    await client.patchSession(session.id, { mcpServers: { words: wordsOf("wren-wren") } });
    expect((await turnOf(server, session.id, "CALL words__tell")).said).toContain("says wren-wren");
    await server.kill();
    server = await startHoldfast(options);
    const after = await turnOf(server, session.id, "CALL words__tell\nRECALL");
    expect(after).toMatchObject({ state: "completed", opened: "resumed" });
    expect(after.said).toContain("says wren-wren");
    expect(after.said).toContain("kiwi");

    await server.client.patchSession(session.id, { mcpServers: { words: { type: "off" } } });
    expect((await turnOf(server, session.id, "CALL words__tell")).said).toContain("no MCP server is called");
    await server.client.patchSession(session.id, { mcpServers: { words: null } });
    expect((await turnOf(server, session.id, "CALL words__tell")).said).toContain("says heron-heron");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test.runIf(isWhole)(
  "[A-7, A-25] what an agent cannot be given is refused: when it is open at first, then at admission",
  async () => {
    await using root = await temporaryDirectory("mcp-refused");
    await using server = await startHoldfast({ root: root.path });
    const { client } = server;
    const docs: McpServer = { type: "http", url: "http://127.0.0.1:1/mcp" };
    const session = await sessionIn(server, { docs });
    const refused = await turnOf(server, session.id, "SAY hello");
    expect(refused).toMatchObject({ state: "failed", error: { name: "AgentError" } });
    expect(JSON.stringify(refused.error)).toContain(
      "mcpServers.docs: rehearsal takes no MCP servers over http.",
    );
    await client.patchSession(session.id, { mcpServers: { docs: null } });
    expect(await turnOf(server, session.id, "SAY hello")).toMatchObject({ state: "completed" });
    await client.patchSession(session.id, { mcpServers: { docs } });
    const later = await client.admitInput(session.id, input("SAY x")).catch((error: unknown) => error);
    expect(later).toMatchObject({
      status: 422,
      message: expect.stringContaining("mcpServers.docs") as string,
    });

    const lost: McpServer = { type: "stdio", command: "none-such-program" };
    const other = await sessionIn(server, { lost });
    const turn = await turnOf(server, other.id, "SAY hello");
    expect(JSON.stringify(turn.error)).toContain(
      "mcpServers.lost: the program none-such-program was not found.",
    );
    for (const body of [{ mcpServers: { "a b": docs } }, { mcpServers: { a: { type: "http", url: "x" } } }]) {
      const answer = await server.fetch(`/api/sessions/${session.id}`, {
        method: "PATCH",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
      expect(answer.status).toBe(400);
    }
  },
);

test.runIf(isWhole)("[A-7] values of variables and headers stand in the database alone", async () => {
  await using root = await temporaryDirectory("mcp-secrets");
  await using server = await startHoldfast({ root: root.path, config: { logLevel: "debug" } });
  const { client } = server;
  const secret = "hush-hush-hush";
  const spoken: McpServer = {
    type: "stdio",
    command: process.execPath,
    args: [SERVER],
    env: { TOKEN: secret },
  };
  const session = await sessionIn(server, { words: spoken });
  const docs = { type: "http", url: `http://127.0.0.1:1/?key=${secret}`, headers: { A: secret } } as const;
  const project = await client.patchProject(session.projectId, { mcpServers: { docs } });
  await client.patchProject(session.projectId, { mcpServers: { docs: null } });
  const turn = await turnOf(server, session.id, "CALL words__tell");
  expect(turn.state).toBe("completed");
  const answers = [session, project, turn, await client.listSessions(), await client.listProjects()];
  const text = JSON.stringify(answers);
  expect(text).toContain('"TOKEN"');
  expect(text).not.toContain(secret);
  expect(server.log).toContain('"level"');
  expect(server.log).not.toContain(secret);
});
