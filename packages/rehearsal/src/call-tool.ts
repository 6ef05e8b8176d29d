import type { McpServerStdio } from "@agentclientprotocol/sdk";
import type { Directive } from "./directives.ts";
import { askMcpServer } from "./mcp-server.ts";
import { allowed, type Workplace } from "./tools.ts";
import { textContent, type Turn } from "./turn.ts";

/** CALL: a tool of one of the session's MCP servers, after the user allowed it. */
export async function callTool(
  turn: Turn,
  place: Workplace & { readonly mcpServers: readonly McpServerStdio[] },
  { server, tool: name, args }: Extract<Directive, { kind: "call" }>,
): Promise<void> {
  const tool = await turn.openTool({
    name: "call",
    title: `${server}: ${name}`,
    kind: "other",
    rawInput: { server, tool: name, arguments: args },
  });
  const known = place.mcpServers.find((each) => each.name === server);
  if (known === undefined) {
    await tool.fail({ content: [textContent(`no MCP server is called ${server}`)] });
    return;
  }
  if (!(await allowed(turn, place, tool, "other"))) return;
  await tool.progress();
  try {
    const { text, isError } = await askMcpServer(known, { name, arguments: args }, place.cwd, turn.signal);
    await (isError
      ? tool.fail({ content: [textContent(text)] })
      : tool.complete({ content: [textContent(text)] }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await tool.fail({ content: [textContent(`cannot call ${server}: ${reason}`)] });
  }
}
