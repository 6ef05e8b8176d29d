/**
 * A small MCP server over stdio with one tool, `tell`: it answers its argument `name` and what WORD says in its environment. Each call is a line in the file
 * LOG, if there is one. With NOTE in its environment it has resources too; `note://hang` never answers, and what is not there is refused with that very text.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

type Params = { protocolVersion?: string; uri?: string; arguments?: { name?: string } };

const { NOTE } = process.env;
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const RESOURCES: Readonly<Record<string, () => object[]>> = {
  "note://text": () => [{ uri: "note://text", mimeType: "text/markdown", text: NOTE }],
  "note://both": () => [
    { uri: "note://both/a", text: "first" },
    { uri: "note://both/b.png", mimeType: "image/png", blob: PIXEL },
    { uri: "note://both/c", mimeType: "application/zip", blob: "AAAA" },
  ],
  "note://large": () => [{ uri: "note://large", text: "x".repeat(10 * 1024 * 1024 + 1) }],
  "note://empty": () => [],
};

const TELL = {
  name: "tell",
  description: "Tells its word.",
  inputSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
};

const ANSWERS: Readonly<Record<string, (params: Params) => object>> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {}, ...(NOTE === undefined ? {} : { resources: {} }) },
    serverInfo: { name: "words", version: "1.0.0" },
  }),
  ping: () => ({}),
  "resources/list": () => ({
    resources: Object.keys(RESOURCES).map((uri) => ({ uri, name: `The note ${uri}` })),
  }),
  "resources/read": ({ uri = "" }) => {
    const contents = RESOURCES[uri]?.();
    if (contents === undefined) throw new Error(`There is no ${uri} beside ${NOTE}.`);
    return { contents };
  },
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
  if (id === undefined || params.uri === "note://hang") return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said(method, params) })}\n`);
});

function said(method: string, params: Params): object {
  const answer = ANSWERS[method];
  if (answer === undefined) return { error: { code: -32_601, message: `Method not found: ${method}` } };
  try {
    return { result: answer(params) };
  } catch (error) {
    return { error: { code: -32_002, message: (error as Error).message } };
  }
}
