/** Real agents call a tool of a real MCP server that Holdfast gave them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { McpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { realAgent } from "../../test-agents/agents.ts";
import { startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { sampleOf } from "../harness/sample.ts";
import { startModel } from "../model/index.ts";

const TURN_MS = 240_000;
const SERVER = join(import.meta.dirname, "../harness/mcp-server.ts");

/** How each is told to use the tool `tell` of the server `words`. */
const CALLS = {
  goose: (args: string) => [`CALL words__tell ${args}`],
  opencode: (args: string) => [`CALL words_tell ${args}`],
  // It keeps tools of servers out of the model's sight until they were searched for.
  qwen: (args: string) => [
    'CALL tool_search {"query": "select:mcp__words__tell"}',
    `CALL tool_call {"name": "mcp__words__tell", "arguments": ${args}}`,
  ],
};
const NAMES = ["opencode", "qwen", "goose"] as const;

test.each(sampleOf(NAMES, 2))(
  "[A-7, A-25] %s calls a tool of its session's server, and after a change that of the new one, with its memory",
  async (name) => {
    await using directory = await temporaryDirectory(`mcp-${name}`);
    const root = directory.path;
    const model = await startModel();
    const agent = realAgent(name, { modelUrl: model.url, home: join(root, "agent-home") });
    await agent.prepare();
    const backend = name === "opencode" ? "opencode" : "acp";
    const config = { agents: { [name]: { backend, command: agent.command, env: agent.env } } } as const;
    const server = await startHoldfast({ root, config });
    try {
      const { client } = server;
      const log = join(root, "calls.log");
      const words = (WORD: string): McpServer => ({
        type: "stdio",
        command: process.execPath,
        args: [SERVER],
        env: { WORD, LOG: log },
      });
      const session = await client.createSession({
        directory: server.project,
        agent: name,
        approvalMode: "all",
        mcpServers: { words: words("heron") },
      });
      let turns = 0;
      const ask = async (...lines: string[]) => {
        const text = [`#turn ${(turns += 1)}`, ...lines].join("\n");
        const answer = await client.admitInputAndWait(
          session.id,
          { parts: [{ type: "text", text }] },
          { timeoutMs: TURN_MS },
        );
        if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
        return { ...answer.turn, said: JSON.stringify(answer.messages) };
      };
      const first = await ask("REMEMBER kiwi", ...CALLS[name]('{"name": "first"}'), "SAY done");
      expect(first).toMatchObject({ state: "completed", opened: "new" });
      expect(first.said).toContain("first says heron");
      await client.patchSession(session.id, { mcpServers: { words: words("wren") } });
      const second = await ask(...CALLS[name]('{"name": "second"}'), "SAY done");
      expect(second).toMatchObject({ state: "completed", opened: "resumed" });
      expect(second.said).toContain("second says wren");
      expect((await ask("RECALL")).said).toContain("kiwi");
      expect(await readFile(log, "utf8")).toBe("first says heron\nsecond says wren\n");
    } finally {
      await server[Symbol.asyncDispose]();
      await model.close();
    }
  },
);
