/**
 * A small MCP server over stdio with one tool, `tell`: it answers its argument `name` and what WORD says in its environment. Each call is a line in the file
 * LOG, if there is one.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

type Params = { protocolVersion?: string; arguments?: { name?: string } };

const TELL = {
  name: "tell",
  description: "Tells its word.",
  inputSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
};

const ANSWERS: Readonly<Record<string, (params: Params) => object>> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "words", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({ tools: [TELL] }),
  "tools/call": ({ arguments: { name = "nobody" } = {} }) => {
    const { LOG, WORD } = process.env;
    const text = `${name} says ${WORD ?? "nothing"}`;
    if (LOG !== undefined) appendFileSync(LOG, `${text}\n`);
    return { content: [{ type: "text", text }] };
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line) as { id?: unknown; method: string; params?: Params };
  if (id === undefined) return;
  const answer = ANSWERS[method];
  const error = { code: -32_601, message: `Method not found: ${method}` };
  const said = answer === undefined ? { error } : { result: answer(params) };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said })}\n`);
});
