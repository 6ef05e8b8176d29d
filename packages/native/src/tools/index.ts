/** The door of the tools: what a tool is, who has which, how outputs are cut, and the tools of MCP servers. */
export {
  NotAllowedError,
  type Permit,
  type Tool,
  type ToolContext,
  ToolError,
  type ToolResult,
} from "./tool.ts";
export { TOOL_IDS, toolsOf, type ToolUser } from "./tools-of.ts";
export { cutOutput, type OutputLimits, saveOutput } from "./output/index.ts";
export { type McpTools, openMcpTools } from "./mcp/index.ts";
