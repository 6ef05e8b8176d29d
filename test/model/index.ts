export { startModel } from "./server.ts";
export type { ModelOptions, ScriptedModel } from "./server.ts";
export type { ModelRequest } from "./request-log.ts";
export type { Api, Conversation, ModelMessage, OfferedTool } from "./conversation.ts";
export type { SideRequest } from "./side-requests.ts";
