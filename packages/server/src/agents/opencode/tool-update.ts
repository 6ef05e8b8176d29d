import {
  type Attachment,
  MAX_ATTACHMENT_NAME,
  MAX_ATTACHMENTS,
  type PastEvent,
  type ToolUpdate,
} from "../port.ts";
import { toolFacts } from "../tool-facts.ts";
import { count, object, objects, text, type Json } from "./json.ts";
import { partMetadata } from "./part-metadata.ts";

/** Kinds of opencode's own tools and permissions; what is not listed comes from a plugin or an MCP server. */
const KINDS: Readonly<Record<string, string>> = {
  edit: "edit",
  write: "edit",
  multiedit: "edit",
  patch: "edit",
  apply_patch: "edit",
  bash: "execute",
  read: "read",
  skill: "read",
  glob: "search",
  grep: "search",
  list: "search",
  lsp: "search",
  codesearch: "search",
  webfetch: "fetch",
  websearch: "fetch",
  todowrite: "think",
  todoread: "think",
};

/** The kind of a tool or permission, in the words that approval modes know. */
export function kindOf(tool: string): string {
  return (Object.hasOwn(KINDS, tool) ? KINDS[tool] : undefined) ?? "other";
}

const PATH_ARGUMENTS = ["filePath", "path"];

/** A tool part as an upsert of the call `callId`; `undefined` when its state is none that is known. */
export function toolUpdateOf(part: Json, callId: string): ToolUpdate | undefined {
  const state = object(part["state"]);
  const { status } = state;
  if (status !== "pending" && status !== "running" && status !== "completed" && status !== "error") {
    return undefined;
  }
  const tool = text(part["tool"]) ?? "tool";
  const input = object(state["input"]);
  const metadata = object(state["metadata"]);
  const update: ToolUpdate = { callId, partId: text(part["id"]), status, tool, kind: kindOf(tool) };
  const title = text(state["title"]);
  const raw = text(state["raw"]);
  if (title !== undefined && title !== "") update.title = title;
  if (raw !== undefined && raw !== "") update.raw = raw;
  if (Object.keys(input).length > 0) update.input = input;
  const output = text(state["output"]) ?? text(metadata["output"]);
  if (output !== undefined && status !== "pending") update.output = output;
  if (status === "error") update.error = text(state["error"]) ?? "The tool call failed.";
  const paths = [...PATH_ARGUMENTS.map((name) => text(input[name])), text(metadata["filepath"])];
  const places = [...new Set(paths.filter((path) => path !== undefined))];
  if (places.length > 0) update.locations = places.map((path) => ({ path }));
  const diff = status === "completed" ? diffOf(tool, input, metadata) : undefined;
  if (diff !== undefined) update.diffs = [diff];
  const attachments = objects(state["attachments"]).flatMap(attachmentOf).slice(0, MAX_ATTACHMENTS);
  if (attachments.length > 0) update.attachments = attachments;
  const facts = toolFacts(metadata);
  if (facts !== undefined && status !== "pending") update.facts = facts;
  const said = partMetadata(part);
  // Below a name of its own: what stands beside it is ours, such as the child of a subtask.
  if (said !== undefined) update.metadata = { provider: said };
  return update;
}

/** A call of an earlier turn whose output opencode no longer gives to its model; it tells so once, by the whole part. */
export function clearedOutput(part: Json): PastEvent | undefined {
  const [messageId, partId] = [text(part["messageID"]), text(part["id"])];
  const time = count(object(object(part["state"])["time"])["compacted"]);
  if (part["type"] !== "tool" || time === undefined || messageId === undefined || partId === undefined)
    return undefined;
  return { type: "outputCleared", messageId, partId, time };
}

function diffOf(
  tool: string,
  input: Json,
  metadata: Json,
): { path: string; oldText?: string; newText: string } | undefined {
  const path = text(input["filePath"]);
  if (path === undefined) return undefined;
  const { before, after } = object(metadata["filediff"]);
  if (typeof before === "string" && typeof after === "string")
    return { path, oldText: before, newText: after };
  const { content, oldString, newString } = input;
  if (tool === "write" && typeof content === "string") return { path, newText: content };
  if (typeof oldString === "string" && typeof newString === "string") {
    return { path, oldText: oldString, newText: newString };
  }
  return undefined;
}

/** Files come as data URLs, or as references to what is elsewhere. */
function attachmentOf(attachment: Json): Attachment[] {
  const url = text(attachment["url"]) ?? "";
  const filename = text(attachment["filename"])?.slice(0, MAX_ATTACHMENT_NAME);
  const named = filename === undefined ? {} : { filename };
  const inline = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.+=-]+)*;base64,/.exec(url);
  if (inline?.[1] !== undefined) return [{ mime: inline[1], ...named, data: url.slice(inline[0].length) }];
  const mime = text(attachment["mime"]) ?? "application/octet-stream";
  return /^(?:https|file):/.test(url) ? [{ mime, ...named, url }] : [];
}
