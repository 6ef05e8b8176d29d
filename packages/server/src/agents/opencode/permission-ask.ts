import type { PermissionAsk, ToolUpdate } from "../port.ts";
import { object, text, type Json } from "./json.ts";
import { kindOf } from "./tool-update.ts";

/** A permission request of opencode, read. `call` names the tool call that waits for it. */
export type WirePermission = {
  id: string;
  sessionId: string;
  permission: string;
  patterns: string[];
  metadata: Json;
  call: { messageId: string; callId: string } | undefined;
};

/** Reads a request; `undefined` for what is none. */
export function wirePermission(value: Json): WirePermission | undefined {
  const [id, sessionId, permission] = [
    text(value["id"]),
    text(value["sessionID"]),
    text(value["permission"]),
  ];
  if (id === undefined || sessionId === undefined || permission === undefined) return undefined;
  const patterns = Array.isArray(value["patterns"]) ? value["patterns"] : [];
  const tool = object(value["tool"]);
  const [messageId, callId] = [text(tool["messageID"]), text(tool["callID"])];
  return {
    id,
    sessionId,
    permission,
    patterns: patterns.filter((pattern) => typeof pattern === "string"),
    metadata: object(value["metadata"]),
    call: messageId === undefined || callId === undefined ? undefined : { messageId, callId },
  };
}

/** The request as a person and the rules see it: the whole arguments of its call, and the command or the absolute paths. */
export function permissionAskOf(request: WirePermission, call: ToolUpdate | undefined): PermissionAsk {
  const { permission, metadata, patterns } = request;
  const [command, path] = [text(metadata["command"]), text(metadata["filepath"])];
  const args = { ...metadata, ...call?.input };
  return {
    callId: call?.callId,
    tool: call?.tool ?? permission,
    title: call?.title ?? [permission, command ?? path ?? patterns.join(", ")].join(" ").trim(),
    kind: kindOf(permission),
    args: Object.keys(args).length > 0 ? args : { patterns },
    patterns: command !== undefined ? [command] : path !== undefined ? [path] : patterns,
  };
}
