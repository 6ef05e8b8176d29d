import { describe, expect, test } from "vitest";
import { FEATURES, type Features } from "./agent.ts";
import { ungivable } from "./honoured.ts";
import { givenServers, mcpServersSchema, patchProjectServersSchema, type McpServer } from "./mcp.ts";

const stdio = { type: "stdio", command: "npx" } as const;
const http = { type: "http", url: "https://docs.example/mcp" } as const;

describe("[A-7] what may be set", () => {
  test.each<[string, Record<string, unknown>]>([
    ["a program with arguments and variables", { a: { ...stdio, args: ["-y", "x"], env: { TOKEN: "t" } } }],
    ["an address with headers", { a_b: { ...http, headers: { Authorization: "Bearer x" } } }],
    ["the older transport, on loopback", { a: { type: "sse", url: "http://127.0.0.1:1/sse" } }],
    ["one that is left out", { a: { type: "off" } }],
  ])("%s", (_what, servers) => {
    expect(mcpServersSchema.parse(servers)).toEqual(servers);
  });

  test.each<[string, Record<string, unknown>]>([
    ["a name with a blank", { "a b": stdio }],
    ["a name that begins with _", { _a: stdio }],
    ["a program without a name", { a: { ...stdio, command: "" } }],
    ["a variable with an equals sign", { a: { ...stdio, env: { "A=B": "" } } }],
    ["a value with NUL", { a: { ...stdio, env: { A: "\u0000" } } }],
    ["a header of two lines", { a: { ...http, headers: { A: "b\r\nC: d" } } }],
    ["an address that is no http", { a: { type: "http", url: "file:///etc/passwd" } }],
    ["no address at all", { a: { type: "http", url: "docs" } }],
    ["a program with an address", { a: { ...stdio, url: http.url } }],
    ["a transport that nobody knows", { a: { type: "pigeon", url: http.url } }],
  ])("never %s", (_what, servers) => {
    expect(mcpServersSchema.safeParse(servers).success).toBe(false);
  });

  test("[A-7] a project leaves nothing out, and takes one out by null", () => {
    expect(patchProjectServersSchema.safeParse({ a: { type: "off" } }).success).toBe(false);
    expect(patchProjectServersSchema.parse({ a: null })).toEqual({ a: null });
  });
});

test("[A-7] a session's servers lie over its project's, and may leave one out", () => {
  const project: Record<string, McpServer> = { b: stdio, a: http, c: stdio };
  const session: Record<string, McpServer> = { b: http, c: { type: "off" }, d: { type: "off" } };
  expect(givenServers(project, session)).toEqual([
    { ...http, name: "a" },
    { ...http, name: "b" },
  ]);
  expect(givenServers(undefined, undefined)).toEqual([]);
});

const features = (known: Partial<Features>): Features => ({
  ...(Object.fromEntries(FEATURES.map((name) => [name, "unknown"])) as Features),
  ...known,
});

test.each<[string, Partial<Features>, boolean, boolean]>([
  ["unknown, not open", {}, false, true],
  ["unknown, open", {}, true, false],
  ["known to take it", { mcpHttp: "yes" }, true, true],
  ["known not to take it", { mcpHttp: "no" }, false, false],
  ["known to take only the other transport", { mcpSse: "yes" }, true, false],
])("[A-7, A-25] a server over http and an agent that is %s", (_what, known, isOpen, isGiven) => {
  const servers = givenServers<McpServer>({ a: stdio, docs: http }, undefined);
  const reason = ungivable("goose", servers, { features: features(known), isOpen });
  if (isGiven) expect(reason).toBeUndefined();
  else expect(reason).toMatch(/^mcpServers\.docs: goose takes no MCP servers over http\./);
  expect(ungivable("goose", servers.slice(0, 1), { features: features(known), isOpen })).toBeUndefined();
});
