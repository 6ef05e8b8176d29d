import { type GivenMcpServer, MCP_LIMITS, type McpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { patchedServers, secretsOf, shownServers } from "./mcp-servers.ts";

const stdio: McpServer = { type: "stdio", command: "a" };

test("[A-7] servers are set and taken out by their names", () => {
  const before = patchedServers(undefined, { a: stdio, b: stdio });
  expect(before).toEqual({ a: stdio, b: stdio });
  const now: McpServer = { type: "stdio", command: "b" };
  expect(patchedServers(before, { b: now, c: stdio, a: null })).toEqual({ b: now, c: stdio });
  expect(patchedServers(before, undefined)).toEqual(before);
  expect(patchedServers(before, { a: null, b: null })).toBeUndefined();
});

test.each<[string, Record<string, McpServer>]>([
  [
    "too many",
    Object.fromEntries(Array.from({ length: MCP_LIMITS.servers + 1 }, (_, index) => [`s${index}`, stdio])),
  ],
  ["too large", { a: { ...stdio, args: ["x".repeat(MCP_LIMITS.bytes)] } }],
])("[A-7] %s", (_what, patch) => {
  expect(() => patchedServers({ z: stdio }, patch)).toThrow(
    expect.objectContaining({
      code: "UNPROCESSABLE",
      message: expect.stringContaining("mcpServers: ") as string,
    }),
  );
});

test("[A-7] nothing that is shown holds a secret", () => {
  const servers: Record<string, McpServer> = {
    db: {
      type: "stdio",
      command: "npx",
      args: [
        "server",
        "--api-key",
        "hush-1",
        "--token=hush-2",
        "password=hush-3",
        "sk-hush45678901234",
        "/data",
      ],
      env: { TOKEN: "hush-5", EMPTY: "" },
    },
    docs: {
      type: "http",
      url: "https://me:hush-6@docs.example:8443/mcp?key=hush-7#hush-8",
      headers: { Authorization: "Bearer hush-9" },
    },
    off: { type: "off" },
  };
  const shown = shownServers(servers);
  expect(shown).toEqual({
    db: {
      type: "stdio",
      command: "npx",
      args: [
        "server",
        "--api-key",
        "[redacted]",
        "--token=[redacted]",
        "password=[redacted]",
        "[redacted]",
        "/data",
      ],
      env: ["TOKEN", "EMPTY"],
    },
    docs: { type: "http", url: "https://docs.example:8443/mcp?[redacted]", headers: ["Authorization"] },
    off: { type: "off" },
  });
  expect(JSON.stringify(shown)).not.toContain("hush");
  expect(shownServers(undefined)).toBeUndefined();
});

test("[A-7] what is not shown of a server is a secret of it, and what is shown is none", () => {
  const servers: GivenMcpServer[] = [
    {
      type: "stdio",
      name: "remote",
      command: "npx",
      args: [
        "mcp-remote",
        "https://me%40home:pass%20word@docs.example/mcp?key=hush%2F1&version=2#hush-2",
        "--header",
        "Authorization: Bearer hush-hush-3",
        "--db=postgres://app:hush-4@db.example/app",
        "-e",
        "NOTION_KEY=hush-5",
      ],
      env: { HEADERS: '{"Authorization":"Bearer hush-hush-6"}' },
    },
    {
      type: "http",
      name: "docs",
      url: "https://docs.example/mcp",
      headers: { Authorization: "Bearer hush-hush-7" },
    },
  ];
  const shown = shownServers(
    Object.fromEntries(servers.map(({ name, ...server }) => [name, server as McpServer])),
  );
  expect(shown?.["remote"]).toMatchObject({
    args: [
      "mcp-remote",
      "https://docs.example/mcp?[redacted]",
      "--header",
      "Authorization: [redacted] [redacted]",
      "--db=postgres://db.example/app",
      "-e",
      "NOTION_KEY=[redacted]",
    ],
  });
  const secrets = secretsOf(servers);
  expect(secrets).toEqual(
    expect.arrayContaining(
      ["me%40home", "me@home", "pass%20word", "pass word", "hush%2F1", "hush/1", "2", "hush-2"].concat([
        "hush-hush-3",
        "hush-4",
        "hush-5",
        "hush-hush-6",
        "Bearer hush-hush-7",
        "hush-hush-7",
      ]),
    ),
  );
  expect(secrets.filter((secret) => secret.includes("mcp") || secret.includes("example"))).toEqual([]);
});
