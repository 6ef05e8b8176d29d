import { type FilePart, isTextMime, type SourceText } from "@holdfast/protocol";
import type { PromptInput } from "../port.ts";
import { MissingBlobError, type ReadBlob } from "../read-blob.ts";

/** A part as opencode takes it. */
export type InputPart =
  | { type: "text"; text: string; synthetic?: boolean }
  | { type: "agent"; name: string; source?: SourceText }
  | { type: "file"; mime: string; filename?: string; url: string; source?: Mentioned };

/** The words that a file was mentioned with, in opencode's own form, which is ours. */
type Mentioned = Extract<FilePart["source"], { type: "file" | "symbol" }>;

/** One of opencode's own commands, with what was typed behind its name. */
export type InputCommand = { name: string; arguments: string };

const BLOB = "blob:";

/**
 * The parts of a prompt: texts with what machines wrote for the model, without what is only shown to people; files by reference, stored content
 * as data URLs, which opencode turns into what the model takes; mentions of agents, which it tells the model to call.
 */
export async function promptParts(input: PromptInput, readBlob: ReadBlob): Promise<InputPart[]> {
  const parts: InputPart[] = [];
  for (const part of input.parts) {
    if (part.type === "text" && part.ignored !== true) {
      parts.push({ type: "text", text: part.text, ...(part.synthetic === true ? { synthetic: true } : {}) });
    } else if (part.type === "file") parts.push(await fileInput(part, readBlob));
    else if (part.type === "agent") {
      const { name, source } = part;
      parts.push({ type: "agent", name, ...(source === undefined ? {} : { source }) });
    }
  }
  return parts.length > 0 ? parts : [{ type: "text", text: "" }];
}

async function fileInput(part: FilePart, readBlob: ReadBlob): Promise<InputPart> {
  const name = part.filename;
  const { source } = part;
  const named = {
    ...(name === undefined ? {} : { filename: name }),
    ...(source?.type === "file" || source?.type === "symbol" ? { source } : {}),
  };
  // opencode would give the model all of its bytes, which no model takes.
  if (source?.type === "file" && part.mime === "application/octet-stream")
    return { type: "text", text: `The file ${source.path} is no text.`, synthetic: true };
  if (!part.url.startsWith(BLOB)) return { type: "file", mime: part.mime, url: part.url, ...named };
  const blob = await readBlob(part.url.slice(BLOB.length), part.sessionId);
  if (blob === undefined) throw new MissingBlobError(name ?? part.url);
  const data = Buffer.from(blob.bytes).toString("base64");
  // Of content, it turns only this kind into words; anything else goes to the model as a file, which takes no text in that form.
  const mime = isTextMime(part.mime) ? "text/plain" : part.mime;
  return { type: "file", mime, url: `data:${mime};base64,${data}`, ...named };
}

/** The command that a prompt asks for: its first text begins with a slash and the name of one. */
export function commandOf(
  parts: readonly InputPart[],
  names: { has(name: string): boolean },
): InputCommand | undefined {
  const first = parts.find((part) => part.type === "text" && part.synthetic !== true);
  const found = first?.type === "text" ? /^\/(\S+)\s*/.exec(first.text) : undefined;
  const name = found?.[1];
  if (first?.type !== "text" || found == null || name === undefined || !names.has(name)) return undefined;
  return { name, arguments: first.text.slice(found[0].length) };
}
