import type { CallToolResult } from "@modelcontextprotocol/client";
import type { Attachment } from "../../wire.ts";
import { plain } from "../files/index.ts";
import { ToolError, type ToolResult } from "../tool.ts";

/** Attachments of one result, and characters of base64 of one. */
const ATTACHMENTS = 20;
const BASE64 = 14 * 1024 * 1024;

/** What models take beside text. */
const MEDIA = /^(image\/(png|jpeg|gif|webp)|application\/pdf)$/;

/** What a server answered, as text and attachments. Throws a `ToolError` where the server says that the call failed. */
export function resultOf({
  content,
  structuredContent,
  isError,
}: CallToolResult): Pick<ToolResult, "output" | "attachments"> {
  const texts: string[] = [];
  const attachments: Attachment[] = [];
  const attach = (data: string, mime: string, what: string) => {
    if (!MEDIA.test(mime)) texts.push(`(${what} of the type ${plain(mime)} is left out.)`);
    else if (attachments.length >= ATTACHMENTS || data.length > BASE64)
      texts.push(`(${what} is left out: too much.)`);
    else attachments.push({ mime, data });
  };
  for (const block of content) {
    if (block.type === "text") texts.push(block.text);
    else if (block.type === "image") attach(block.data, block.mimeType, "An image");
    else if (block.type === "audio") texts.push("(A recording is left out.)");
    else if (block.type === "resource_link") texts.push(`(A resource: ${plain(block.uri)})`);
    else if ("text" in block.resource) texts.push(`${plain(block.resource.uri)}:\n${block.resource.text}`);
    else
      attach(block.resource.blob, block.resource.mimeType ?? "", `The resource ${plain(block.resource.uri)}`);
  }
  if (content.length === 0 && structuredContent !== undefined)
    texts.push(JSON.stringify(structuredContent, undefined, 2));
  const output = texts.join("\n\n");
  if (isError === true) throw new ToolError(output === "" ? "The server says that the call failed." : output);
  return { output, ...(attachments.length === 0 ? {} : { attachments }) };
}
