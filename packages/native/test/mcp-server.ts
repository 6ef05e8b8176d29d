/**
 * An MCP server over stdio for tests. Its tools: `tell` gives its argument and what WORD says; `all` gives every kind of content; `fail` fails; `hang` never
 * answers; `die` ends it; `big!` has a name that no provider takes. With SILENT in its environment it never answers at all, and TERM does not end it.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

type Params = { protocolVersion?: string; name?: string; arguments?: { word?: string } };

const { WORD = "nothing", SILENT, CHILD } = process.env;
if (SILENT !== undefined) process.on("SIGTERM", () => undefined);
// What it starts itself has to be ended with it.
if (CHILD !== undefined) spawn("sleep", [CHILD], { stdio: "ignore" });

const inputSchema = { type: "object", properties: { word: { type: "string", pattern: "^[a-z]+$" } } };
const NAMES = ["tell", "all", "fail", "hang", "die", "big!", "big?"];

const RESULTS: Readonly<Record<string, (word: string) => object>> = {
  tell: (word) => ({ content: [{ type: "text", text: `${word} ${WORD}` }] }),
  all: () => ({
    content: [
      { type: "text", text: "one" },
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "image", data: "AAAA", mimeType: "image/tiff" },
      { type: "audio", data: "AAAA", mimeType: "audio/wav" },
      { type: "resource_link", uri: "note://a", name: "a" },
      { type: "resource", resource: { uri: "note://b", text: "two" } },
      { type: "resource", resource: { uri: "note://c", mimeType: "application/pdf", blob: "BBBB" } },
    ],
  }),
  fail: () => ({ isError: true, content: [{ type: "text", text: "it went wrong" }] }),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line) as { id?: unknown; method: string; params?: Params };
  if (id === undefined || SILENT !== undefined || params.name === "hang") return;
  if (params.name === "die") process.exit(1);
  process.stdout.write("noise\n");
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said(method, params) })}\n`);
});

function said(method: string, { protocolVersion, name = "", arguments: { word = "" } = {} }: Params): object {
  if (method === "initialize") {
    const serverInfo = { name: "test", version: "1.0.0" };
    return { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } };
  }
  if (method === "tools/list")
    return { result: { tools: NAMES.map((name) => ({ name, description: `Does ${name}.`, inputSchema })) } };
  const result = method === "tools/call" ? RESULTS[name]?.(word) : undefined;
  return result === undefined
    ? { error: { code: -32_601, message: `Method not found: ${method}` } }
    : { result };
}
