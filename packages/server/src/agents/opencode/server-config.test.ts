import type { GivenMcpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type AgentDefinition, NO_QUIRKS } from "../catalog/index.ts";
import { CONFIG_VARIABLE, withServers } from "./server-config.ts";

const definition = (set?: Record<string, string>): AgentDefinition => ({
  id: "opencode",
  name: "opencode",
  backend: "opencode",
  argv: ["/opencode"],
  environment: { inherit: "user", set },
  quirks: NO_QUIRKS,
});

const servers: GivenMcpServer[] = [
  { type: "http", name: "docs", url: "https://docs.example/mcp", headers: { Authorization: "Bearer hush" } },
  { type: "stdio", name: "files", command: "/bin/files", args: ["/"], env: { TOKEN: "hush-hush" } },
];

const mcp = {
  docs: { type: "remote", url: "https://docs.example/mcp", headers: { Authorization: "Bearer hush" } },
  files: { type: "local", command: ["/bin/files", "/"], environment: { TOKEN: "hush-hush" } },
};

const configOf = ({ environment }: AgentDefinition): unknown =>
  JSON.parse(environment.set?.[CONFIG_VARIABLE] ?? "null");

test("[A-7, A-23] servers are laid over what the user has in the variable, the agent's own before the inherited one", () => {
  const own = '{"theme": "x", "mcp": {"docs": {"type": "local"}, "mine": {"type": "local"}}, /* kept */}';
  const made = withServers(definition({ A: "1", [CONFIG_VARIABLE]: own }), servers, '{"theme": "y"}');
  expect(made.environment.set).toMatchObject({ A: "1" });
  expect(configOf(made)).toMatchObject({ theme: "x", mcp: { ...mcp, mine: { type: "local" } } });
  expect(made.secrets).toEqual(["Bearer hush", "hush-hush"]);
  expect(configOf(withServers(definition(), servers, '{"theme": "y"}'))).toMatchObject({ theme: "y", mcp });
});

test("[A-7] without servers nothing is said to opencode", () => {
  const one = definition();
  expect(withServers(one, [], "not even JSON")).toBe(one);
});

test.each(["[1]", "{", "1"])("[A-7] %s in the variable is refused, because it cannot be added to", (text) => {
  expect(() => withServers(definition(), servers, text)).toThrow(CONFIG_VARIABLE);
});
