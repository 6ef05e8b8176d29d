import { toolInput } from "@holdfast/protocol";
import { type Attachment, MAX_ATTACHMENT_NAME, MAX_ATTACHMENTS, type ToolUpdate } from "../port.ts";
import { toolFacts } from "../tool-facts.ts";
import { isObject } from "./wire-message.ts";

const STATUS = new Map<unknown, ToolUpdate["status"]>([
  ["pending", "pending"],
  ["in_progress", "running"],
  ["completed", "completed"],
  ["failed", "error"],
]);

/** An error text longer than this is output; the error then says only that it failed. */
const MAX_ERROR_CHARS = 2_000;

/** The type of what comes without one. */
const UNKNOWN_MIME = "application/octet-stream";

/** What an ACP tool call says, as an upsert; `undefined` when it does not say of which call. */
export function toolUpdateOf(
  call: Record<string, unknown>,
  kinds: Readonly<Record<string, string>>,
): ToolUpdate | undefined {
  const callId = text(call["toolCallId"]);
  if (callId === undefined || callId === "") return undefined;
  const update: ToolUpdate = { callId };
  const name = toolName(call);
  const kind =
    (name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined) ?? text(call["kind"]);
  const title = text(call["title"]);
  const status = STATUS.get(call["status"]);
  if (name !== undefined) update.tool = name;
  if (kind !== undefined) update.kind = kind;
  if (title !== undefined) update.title = title;
  if (status !== undefined) update.status = status;
  addInput(update, call["rawInput"]);
  addContent(update, call);
  const facts = isObject(call["rawOutput"]) ? toolFacts(call["rawOutput"]) : undefined;
  if (facts !== undefined) update.facts = facts;
  const locations = locationsOf(call["locations"]);
  if (locations.length > 0) update.locations = locations;
  return update;
}

/** The agent's own name of the tool: the protocol's field, or where goose and qwen put it. */
function toolName(call: Record<string, unknown>): string | undefined {
  const meta = isObject(call["_meta"]) ? call["_meta"] : {};
  const goose = isObject(meta["goose"]) ? meta["goose"] : {};
  const inner = isObject(goose["toolCall"]) ? goose["toolCall"] : {};
  return text(call["name"]) ?? text(meta["toolName"]) ?? text(inner["toolName"]);
}

/** An empty object says nothing yet: qwen announces a call before its arguments are there. */
function addInput(update: ToolUpdate, raw: unknown): void {
  if (isObject(raw)) {
    if (Object.keys(raw).length > 0) update.input = raw;
  } else if (typeof raw === "string") {
    update.raw = raw;
  } else if (raw !== undefined && raw !== null) {
    update.raw = JSON.stringify(raw);
    update.input = toolInput(raw);
  }
}

function addContent(update: ToolUpdate, call: Record<string, unknown>): void {
  const items = Array.isArray(call["content"]) ? call["content"].filter(isObject) : [];
  const texts: string[] = [];
  const diffs: NonNullable<ToolUpdate["diffs"]> = [];
  const attachments: Attachment[] = [];
  for (const item of items) {
    const diff = item["type"] === "diff" ? diffOf(item) : undefined;
    if (diff !== undefined) diffs.push(diff);
    const block = item["type"] === "content" && isObject(item["content"]) ? item["content"] : {};
    const attachment = attachmentOf(block);
    if (attachment !== undefined) attachments.push(attachment);
    const words = blockText(block);
    if (words !== undefined) texts.push(words);
  }
  if (diffs.length > 0) update.diffs = diffs;
  if (attachments.length > 0) update.attachments = attachments.slice(0, MAX_ATTACHMENTS);
  const output =
    texts.length > 0 ? texts.join("\n") : items.length > 0 ? undefined : rawOutput(call["rawOutput"]);
  if (update.status !== "error") {
    if (output !== undefined) update.output = output;
    return;
  }
  const isShort = output !== undefined && output.length <= MAX_ERROR_CHARS;
  if (output !== undefined && !isShort) update.output = output;
  update.error = isShort && output !== "" ? output : "The tool call failed.";
}

/** Text of a content block; a link is shown as such. `undefined` for what has no text. */
export function blockText(block: Record<string, unknown>): string | undefined {
  switch (block["type"]) {
    case "text":
      return text(block["text"]);
    case "resource_link":
      return `[${text(block["name"]) ?? ""}](${text(block["uri"]) ?? ""})`;
    case "resource":
      return isObject(block["resource"]) ? text(block["resource"]["text"]) : undefined;
    default:
      return undefined;
  }
}

/** Pictures, sound, files that came as bytes, and links that lead somewhere; a resource that is text is output. */
function attachmentOf(block: Record<string, unknown>): Attachment | undefined {
  const mime = text(block["mimeType"]) ?? UNKNOWN_MIME;
  switch (block["type"]) {
    case "image":
    case "audio": {
      const data = text(block["data"]);
      return data === undefined || data === "" ? undefined : { mime, data };
    }
    case "resource": {
      const resource = isObject(block["resource"]) ? block["resource"] : {};
      const [data, uri] = [text(resource["blob"]), text(resource["uri"]) ?? ""];
      if (data === undefined) return undefined;
      return { mime: text(resource["mimeType"]) ?? UNKNOWN_MIME, ...named(lastSegment(uri)), data };
    }
    case "resource_link": {
      const url = text(block["uri"]) ?? "";
      return /^(?:https|file):/i.test(url) ? { mime, ...named(text(block["name"])), url } : undefined;
    }
    default:
      return undefined;
  }
}

const named = (filename: string | undefined) =>
  filename === undefined || filename === "" ? {} : { filename: filename.slice(0, MAX_ATTACHMENT_NAME) };

const lastSegment = (uri: string): string | undefined => uri.split(/[?#]/)[0]?.split("/").at(-1);

function diffOf(
  item: Record<string, unknown>,
): { path: string; oldText?: string; newText: string } | undefined {
  const [path, oldText, newText] = [text(item["path"]), text(item["oldText"]), text(item["newText"])];
  if (path === undefined || newText === undefined) return undefined;
  return oldText === undefined ? { path, newText } : { path, oldText, newText };
}

function locationsOf(value: unknown): { path: string; line?: number }[] {
  return (Array.isArray(value) ? value : []).filter(isObject).flatMap(({ path, line }) => {
    if (typeof path !== "string") return [];
    return typeof line === "number" && Number.isSafeInteger(line) && line >= 0
      ? [{ path, line }]
      : [{ path }];
  });
}

/** What a tool gave back when it showed no content: a text, or the text field of a result. */
function rawOutput(raw: unknown): string | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === "string") return raw;
  const said = isObject(raw) ? (text(raw["output"]) ?? text(raw["text"]) ?? text(raw["stdout"])) : undefined;
  return said ?? JSON.stringify(raw);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
