/** Tools of the MCP servers that a session is given. */
export { type McpTools, openMcpTools } from "./open-mcp-tools.ts";
