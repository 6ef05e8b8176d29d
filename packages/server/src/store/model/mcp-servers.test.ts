import { MCP_LIMITS, type McpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { patchedServers, shownServers } from "./mcp-servers.ts";

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
