import { fileURLToPath } from "node:url";
import type { ContentBlock } from "@agentclientprotocol/sdk";
import { type FilePart, fileLabel, isTextMime, linesOf } from "@holdfast/protocol";
import type { PromptInput } from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";

type Accepts = { images: boolean; embedded: boolean };

/** Where the content of a prompt's files comes from. */
export type PromptFiles = {
  readBlob: ReadBlob;
  /** Lines of a text file where the session works. Rejects for what is none, is not there, or is not in that directory. */
  read(path: string, range: { line: number; limit?: number }): Promise<string>;
  /** All of a file there. Rejects in the same way. */
  bytes(path: string): Promise<Uint8Array>;
};

const BLOB = "blob:";

/** Most characters of text files, and bytes of pictures, that go along with one prompt; of what has no room the agent gets the link, and reads what it needs. */
const MAX_EMBEDDED = { characters: 128 * 1024, bytes: 16 * 1024 * 1024 };
type Room = typeof MAX_EMBEDDED;

/**
 * The content blocks of a prompt: the system text first, as a block of its own; text with what machines wrote for the model, without
 * what is only shown to people. A text file that was mentioned goes along, only the lines that were named, and a picture, where the agent takes that; other
 * files are links; stored content is an image or a resource where the agent takes them, else named in a text.
 */
export async function promptBlocks(
  input: PromptInput,
  accepts: Accepts,
  files: PromptFiles,
): Promise<ContentBlock[]> {
  const blocks: ContentBlock[] = [];
  const room = { ...MAX_EMBEDDED };
  if (input.system !== undefined && input.system !== "") blocks.push({ type: "text", text: input.system });
  for (const part of input.parts) {
    if (part.type === "text" && part.ignored !== true) blocks.push({ type: "text", text: part.text });
    else if (part.type === "file") blocks.push(await fileBlock(part, accepts, files, room));
  }
  return blocks.length > 0 ? blocks : [{ type: "text", text: "" }];
}

async function fileBlock(
  part: FilePart,
  accepts: Accepts,
  files: PromptFiles,
  room: Room,
): Promise<ContentBlock> {
  if (!part.url.startsWith(BLOB)) return referenceBlock(part, accepts, files, room);
  const name = part.filename ?? lastSegment(part.url);
  const blob = await files.readBlob(part.url.slice(BLOB.length), part.sessionId);
  if (blob === undefined) throw new MissingBlobError(name);
  const isImage = part.mime.startsWith("image/");
  const uri =
    part.source?.type === "resource" ? part.source.uri : `attachment:///${encodeURIComponent(name)}`;
  const base64 = () => Buffer.from(blob.bytes).toString("base64");
  if (isImage && accepts.images) return { type: "image", data: base64(), mimeType: part.mime };
  if (isTextMime(part.mime)) {
    const text = Buffer.from(blob.bytes).toString("utf8");
    if (!accepts.embedded)
      return { type: "text", text: `<file name=${JSON.stringify(name)}>\n${text}\n</file>` };
    return {
      type: "resource",
      resource: { uri, text, mimeType: part.mime },
    };
  }
  if (!isImage && accepts.embedded) {
    return { type: "resource", resource: { uri, blob: base64(), mimeType: part.mime } };
  }
  return { type: "text", text: `[The user attached ${name} (${part.mime}), which you cannot see.]` };
}

async function referenceBlock(
  part: FilePart,
  { embedded, images }: Accepts,
  files: PromptFiles,
  room: Room,
): Promise<ContentBlock> {
  const lines = linesOf(part.url);
  const isHere =
    (part.source?.type === "file" || part.source?.type === "symbol") && part.url.startsWith("file:");
  const uri = part.url.startsWith("file:") ? (part.url.split("?")[0] ?? part.url) : part.url;
  if (embedded && isHere && isTextMime(part.mime)) {
    const range = {
      line: lines?.start ?? 1,
      ...(lines?.end === undefined ? {} : { limit: lines.end - lines.start + 1 }),
    };
    // What cannot be read any more is still named: the agent sees for itself.
    const text = await files.read(fileURLToPath(uri), range).catch(() => undefined);
    // Nor are lines that the file lost since.
    const isThere = text !== undefined && (lines === undefined || text !== "");
    if (isThere && text.length <= room.characters) {
      room.characters -= text.length;
      const place = lines === undefined ? uri : `${uri}#L${lines.start}-${lines.end ?? ""}`;
      return { type: "resource", resource: { uri: place, text, mimeType: part.mime } };
    }
  }
  if (images && isHere && part.mime.startsWith("image/")) {
    const bytes = await files.bytes(fileURLToPath(uri)).catch(() => undefined);
    if (bytes !== undefined && bytes.byteLength <= room.bytes) {
      room.bytes -= bytes.byteLength;
      return { type: "image", data: Buffer.from(bytes).toString("base64"), mimeType: part.mime, uri };
    }
  }
  return { type: "resource_link", uri, name: fileLabel(part), mimeType: part.mime };
}

function lastSegment(url: string): string {
  return (
    url
      .split(/[?#]/)[0]
      ?.split("/")
      .findLast((segment) => segment !== "") ?? url
  );
}
