import type { ContentBlock } from "@agentclientprotocol/sdk";
import type { FilePart } from "@holdfast/protocol";
import type { PromptInput } from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";

type Accepts = { images: boolean; embedded: boolean };

const BLOB = "blob:";

/**
 * The content blocks of a prompt: the system text first, as a block of its own; text with what machines wrote for the model, without
 * what is only shown to people; files as links, stored content as images or resources where the agent takes them, else named in a text.
 */
export async function promptBlocks(
  input: PromptInput,
  accepts: Accepts,
  readBlob: ReadBlob,
): Promise<ContentBlock[]> {
  const blocks: ContentBlock[] = [];
  if (input.system !== undefined && input.system !== "") blocks.push({ type: "text", text: input.system });
  for (const part of input.parts) {
    if (part.type === "text" && part.ignored !== true) blocks.push({ type: "text", text: part.text });
    else if (part.type === "subtask") blocks.push({ type: "text", text: part.prompt });
    else if (part.type === "file") blocks.push(await fileBlock(part, accepts, readBlob));
  }
  return blocks.length > 0 ? blocks : [{ type: "text", text: "" }];
}

async function fileBlock(part: FilePart, accepts: Accepts, readBlob: ReadBlob): Promise<ContentBlock> {
  const name = part.filename ?? lastSegment(part.url);
  if (!part.url.startsWith(BLOB)) return { type: "resource_link", uri: part.url, name, mimeType: part.mime };
  const blob = await readBlob(part.url.slice(BLOB.length), part.sessionId);
  if (blob === undefined) throw new MissingBlobError(name);
  const isImage = part.mime.startsWith("image/");
  const base64 = () => Buffer.from(blob.bytes).toString("base64");
  if (isImage && accepts.images) return { type: "image", data: base64(), mimeType: part.mime };
  if (isText(part.mime)) {
    const text = Buffer.from(blob.bytes).toString("utf8");
    if (!accepts.embedded)
      return { type: "text", text: `<file name=${JSON.stringify(name)}>\n${text}\n</file>` };
    return {
      type: "resource",
      resource: { uri: `attachment:///${encodeURIComponent(name)}`, text, mimeType: part.mime },
    };
  }
  if (!isImage && accepts.embedded) {
    const uri = `attachment:///${encodeURIComponent(name)}`;
    return { type: "resource", resource: { uri, blob: base64(), mimeType: part.mime } };
  }
  return { type: "text", text: `[The user attached ${name} (${part.mime}), which you cannot see.]` };
}

function isText(mime: string): boolean {
  return mime.startsWith("text/") || /^application\/(?:json|xml|yaml|toml|javascript|x-sh)\b/.test(mime);
}

function lastSegment(url: string): string {
  return (
    url
      .split(/[?#]/)[0]
      ?.split("/")
      .findLast((segment) => segment !== "") ?? url
  );
}
