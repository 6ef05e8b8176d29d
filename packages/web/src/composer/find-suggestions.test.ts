import type { HoldfastClient } from "@holdfast/client";
import { expect, test } from "vitest";
import { foundSuggestions } from "./find-suggestions.ts";
import { triggerOf } from "./trigger.ts";

const at = (line: number) => ({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });

const client: Pick<HoldfastClient, "searchFiles" | "listSymbols" | "listResources"> = {
  searchFiles: async () => ({ items: [{ path: "src/a b.ts" }, { path: 'odd"name.ts' }] }),
  listSymbols: async (_workspaceId, path) =>
    path.endsWith(".md")
      ? { items: [], truncated: false }
      : {
          language: "rust",
          items: [
            { name: "Lane.fmt", kind: 6, range: at(3) },
            { name: "Lane.fmt", kind: 6, range: at(9) },
            { name: "open", kind: 12, range: at(20) },
          ],
          truncated: false,
        },
  listResources: async () => ({
    items: [{ server: "docs", uri: "doc://a b", name: "A", title: "The A" }],
    problems: [{ server: "slow", message: "it did not answer within 10 s" }],
  }),
};

async function found(text: string): Promise<string[]> {
  const trigger = triggerOf(text, text.length);
  if (trigger === undefined) throw new Error(`${text} asks for nothing`);
  const place = { sessionId: "ses", workspaceId: "wsp" };
  const items = await foundSuggestions(trigger, client, place, new AbortController().signal);
  return items.map(({ insert, label, detail = "" }) => `${insert}| ${label} | ${detail}`);
}

test.each<[string, string[]]>([
  ["@a", ['@"src/a b.ts" | src/a b.ts | ']],
  ["@a.rs#op", ["@a.rs#open | open | function, line 21"]],
  ["@a.rs#fmt", ["@a.rs:4-4 | Lane.fmt | method, line 4", "@a.rs:10-10 | Lane.fmt | method, line 10"]],
  ["@a.md#", ["@a.md | a.md | no symbols are known of files like this"]],
  ["@a.md#how", []],
  ["@mcp:doc", ['@"mcp://docs/doc://a b" | doc://a b | The A, from docs']],
  ["@mcp://sl", ["@mcp://slow/| slow | it did not answer within 10 s"]],
  ["@mcp://slow/doc", []],
])("[R-8.2, R-8.3, R-8.4] %j is offered %j", async (text, expected) => {
  expect(await found(text)).toEqual(expected);
});
