/**
 * Admission of file parts (session-model 8, D-28, I-6): content that comes as a `data:` URL is stored once and becomes `blob:<hash>`; `file:`
 * URLs and paths are resolved inside the workspace; `https:` references stay as they are. Anything else is refused.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { HoldfastError } from "@holdfast/kernel";
import { type FilePart, HTTP_LIMITS, type SessionId } from "@holdfast/protocol";
import type { Store } from "../store/index.ts";
import { type ReservedPlaces, resolveInWorkspace } from "./workspace-path.ts";

/** Decoded bytes of one file that comes inline (session-model 8). */
export const FILE_BYTES = 10 * 1024 * 1024;
const URL_LENGTH = 8_192;
const MIME = /^[\w.+-]{1,64}\/[\w.+-]{1,128}(?:;[ \w.+="-]{1,128})*$/;

/** Where the file part belongs. */
export type AttachmentScope = { sessionId: SessionId; directory: string; reserved: ReservedPlaces };

type FileFields = Pick<FilePart, "mime" | "url" | "filename" | "source">;

/** The same part with a `url` that may be stored. Rejects UNPROCESSABLE, PATH_ESCAPES or TOO_LARGE. */
export async function admitFile<T extends FileFields>(
  part: T,
  place: AttachmentScope,
  store: Pick<Store, "putBlob" | "getBlob">,
): Promise<T> {
  if (!MIME.test(part.mime)) throw refusal("A file part has no usable media type.");
  requireSource(part.source);
  return { ...part, url: await admitUrl(part, place, store) };
}

/** A reference to a resource of an MCP server, which is read before anything of it is stored. Throws UNPROCESSABLE. */
export function requireReference({ url, source }: FileFields): void {
  requireSource(source);
  if (url.length > URL_LENGTH) throw refusal("The reference of a file part is too long.");
}

/** The words that a reference came from are a range of a text, and no content of their own. */
function requireSource(source: FilePart["source"]): void {
  if (source === undefined) return;
  const { value, start, end } = source.text;
  if (end < start) throw refusal("The source of a file part ends before it begins.");
  const names = namesIn(source);
  if ([value, ...names].some((text) => text.length > HTTP_LIMITS.pathLength))
    throw refusal(`A text in the source of a file part has more than ${HTTP_LIMITS.pathLength} characters.`);
}

function namesIn(source: NonNullable<FilePart["source"]>): string[] {
  if (source.type === "resource") return [source.clientName, source.uri];
  return source.type === "symbol" ? [source.path, source.name] : [source.path];
}

async function admitUrl(
  part: FileFields,
  place: AttachmentScope,
  store: Pick<Store, "putBlob" | "getBlob">,
): Promise<string> {
  const { url, mime } = part;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "data") {
    const { hash } = await store.putBlob({ bytes: decodeDataUrl(url), mime, sessionId: place.sessionId });
    return `blob:${hash}`;
  }
  if (url.length > URL_LENGTH) throw refusal("The reference of a file part is too long.");
  switch (scheme) {
    case "blob":
      return admitKnownBlob(url, mime, place, store);
    case "https":
      if (!URL.canParse(url)) throw refusal("The reference of a file part is not a URL.");
      return url;
    case "file":
      return admitFileUrl(url, place);
    case undefined: {
      const path = await resolveInWorkspace(place.directory, url, place.reserved);
      return pathToFileURL(path).href;
    }
    default:
      throw refusal("A file part is a data:, file: or https: reference or a path in the workspace.");
  }
}

/** `?start=` and `end=` name a window of lines and are kept; everything else of a query is not. */
async function admitFileUrl(text: string, place: AttachmentScope): Promise<string> {
  let url: URL;
  let path: string;
  try {
    url = new URL(text);
    path = fileURLToPath(url);
  } catch {
    throw refusal("The file: reference of a file part is malformed.");
  }
  const real = pathToFileURL(await resolveInWorkspace(place.directory, path, place.reserved));
  for (const name of ["start", "end"]) {
    const line = url.searchParams.get(name);
    if (line === null) continue;
    if (!/^\d{1,9}$/.test(line)) throw refusal("The line window of a file part is malformed.");
    real.searchParams.set(name, line);
  }
  return real.href;
}

/** A blob of this session may be named again; it is kept once more, so that it lives as long as the new part. */
async function admitKnownBlob(
  url: string,
  mime: string,
  place: AttachmentScope,
  store: Pick<Store, "putBlob" | "getBlob">,
): Promise<string> {
  const hash = /^blob:([0-9a-f]{64})$/.exec(url)?.[1];
  const blob = hash === undefined ? undefined : await store.getBlob({ hash, sessionId: place.sessionId });
  if (hash === undefined || blob === undefined)
    throw refusal("A file part names a blob that this session does not have.");
  await store.putBlob({ bytes: blob.bytes, mime, sessionId: place.sessionId });
  return url;
}

function decodeDataUrl(url: string): Buffer {
  const match = /^data:([^,]{0,512}),/i.exec(url);
  if (match === null) throw refusal("A data: reference of a file part is malformed.");
  const body = url.slice(match[0].length);
  const isBase64 = /;\s*base64\s*$/i.test(match[1] ?? "");
  const bytes = isBase64 ? decodeBase64(body) : decodePercent(body);
  if (bytes.length > FILE_BYTES)
    throw new HoldfastError("TOO_LARGE", `A file in an input may have at most ${FILE_BYTES} bytes.`);
  return bytes;
}

/** A wrong character or length shows in how much comes out; no pattern walks over megabytes. */
function decodeBase64(text: string): Buffer {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== Math.floor(((text.length - padding) * 3) / 4))
    throw refusal("The base64 of a file part is malformed.");
  return bytes;
}

function decodePercent(text: string): Buffer {
  try {
    return Buffer.from(decodeURIComponent(text));
  } catch {
    throw refusal("The data: reference of a file part is malformed.");
  }
}

function refusal(message: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", message);
}
