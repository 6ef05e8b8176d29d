/** Resources of MCP servers that an input names: read at admission, and kept as what they held then. */
import { HoldfastError } from "@holdfast/kernel";
import {
  type FilePart,
  HTTP_LIMITS,
  type InputPart,
  isTextMime,
  RESOURCE_LIMITS,
  resourceOf,
} from "@holdfast/protocol";
import type { ReadContent, ReadResource, Resources } from "../resources/index.ts";
import type { Store } from "../store/index.ts";
import type { AttachmentScope } from "./file-part.ts";

type FileInput = Extract<InputPart, { type: "file" }>;
type TextInput = Extract<InputPart, { type: "text" }>;

/** Kinds of content that models take beside text. */
const TAKEN = new Set(["application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp"]);

type Deps = { resources: Resources; store: Pick<Store, "givenServers" | "putBlob"> };

/** What one part is of: a reference to a resource, and the server and URI that it names. */
type Named = { part: FileInput; server: string; uri: string };

/**
 * The parts with what the resources hold in place of those that name one: text and what models take is stored once and is a file; what could not be read, or
 * is not taken, is told as a synthetic text. Rejects UNPROCESSABLE for too many, and for a server that the session does not have.
 */
export async function withResources(
  parts: readonly InputPart[],
  place: AttachmentScope,
  deps: Deps,
): Promise<InputPart[]> {
  const named = parts.flatMap(namedIn);
  if (named.length === 0) return [...parts];
  if (named.length > RESOURCE_LIMITS.ofInput)
    throw new HoldfastError("UNPROCESSABLE", `An input names at most ${RESOURCE_LIMITS.ofInput} resources.`);
  const { sessionId, directory } = place;
  const servers = await deps.store.givenServers(sessionId);
  const read = await deps.resources.read({ sessionId, directory, servers }, named);
  const all: InputPart[] = [];
  for (const part of parts) {
    const at = named.findIndex((each) => each.part === part);
    const [found, result] = [named[at], read[at]];
    if (found === undefined || result === undefined) all.push(part);
    else all.push(...(await partsOf(found, result, place, deps)));
  }
  return all;
}

function namedIn(part: InputPart): Named[] {
  const found = part.type === "file" ? resourceOf(part.url) : undefined;
  return part.type === "file" && found !== undefined ? [{ part, ...found }] : [];
}

async function partsOf(
  named: Named,
  result: ReadResource,
  place: AttachmentScope,
  deps: Deps,
): Promise<InputPart[]> {
  const { server, uri } = named;
  const shown = `The resource ${uri} of the MCP server ${server}`;
  if ("problem" in result) return [told(`${shown} could not be read: ${result.problem}`)];
  if (result.contents.length === 0) return [told(`${shown} is empty`)];
  return Promise.all(result.contents.map((content) => partOf(named, content, place, deps)));
}

async function partOf(
  { part, server, uri }: Named,
  content: ReadContent,
  { sessionId }: AttachmentScope,
  { store }: Deps,
): Promise<InputPart> {
  const shown = `The resource ${content.uri.slice(0, HTTP_LIMITS.pathLength)} of the MCP server ${server}`;
  if ("omitted" in content) return told(`${shown} is left out: ${content.omitted}`);
  const mime = mimeOf(content);
  if (mime === undefined)
    return told(`${shown} is left out: ${content.mime ?? "its kind"} is nothing that is given to a model`);
  const bytes = "text" in content ? Buffer.from(content.text) : content.bytes;
  const { hash } = await store.putBlob({ bytes, mime, sessionId });
  const text = part.source?.text ?? { value: "", start: 0, end: 0 };
  const named = (content.uri === "" ? uri : content.uri).slice(0, HTTP_LIMITS.pathLength);
  const source: FilePart["source"] = { type: "resource", clientName: server, uri: named, text };
  return { type: "file", mime, filename: nameOf(named), url: `blob:${hash}`, source };
}

function mimeOf(content: ReadContent): string | undefined {
  const mime = content.mime?.split(";")[0]?.trim().toLowerCase();
  if ("text" in content) return mime !== undefined && isTextMime(mime) ? mime : "text/plain";
  return mime !== undefined && TAKEN.has(mime) ? mime : undefined;
}

/** Characters of a name that is made of a URI. */
const NAME_LENGTH = 255;

/** The last segment of a URI, as far as it has one. */
function nameOf(uri: string): string {
  const [path = uri] = uri.split(/[?#]/);
  return (path.split("/").findLast((segment) => segment !== "") ?? uri).slice(0, NAME_LENGTH);
}

const told = (text: string): TextInput => ({ type: "text", text: `[${text}.]`, synthetic: true });
