/** What of the content of files may be published (S-9, S-17): text masked, everything else as it is, and only when the owner ticked it. */
import { createHash } from "node:crypto";
import { isTextMime, MAX_SHARE_BLOB_BYTES } from "@holdfast/protocol";
import type { SourceRow } from "../../store/index.ts";

/** Most bytes of a text that is looked through for secrets; a longer one stays here. */
const MOST_TEXT_BYTES = 2 * 1024 * 1024;

/** Media of which no program reads the bytes as text. */
const MEDIA = /^(?:image\/(?!svg)|audio\/|video\/|font\/)/;

/** `withheld`: it stays here. `gone`: it was to go, and its source is not there any more. */
export type BlobChoice = { is: "blob"; hash: string; mime: string } | { is: "withheld" } | { is: "gone" };

/** Content as it was read: `text` is to be masked. */
export type BlobSource =
  | { is: "text"; text: string }
  | { is: "bytes"; hash: string }
  | { is: "withheld" }
  | { is: "gone" };

export type BlobReader = (hash: string) => Promise<Uint8Array | undefined>;

const STORED = /^blob:([0-9a-f]{64})$/;

/** The hash of the stored content that a file part names; undefined where it names something else. */
export const storedHash = (url: string): string | undefined => STORED.exec(url)?.[1];

type FileRow = { url: string; mime: string; filename?: string | undefined };

/** Files whose content a row names. */
export function filesOf(row: SourceRow): FileRow[] {
  if (row.row !== "part") return [];
  const { part } = row;
  if (part.type === "file") return [part];
  return part.type === "tool" && part.state.status === "completed" ? (part.state.attachments ?? []) : [];
}

/** What may go of a file. Reads it where its bytes have to be looked at. */
export async function readSource(file: FileRow, isTicked: boolean, read: BlobReader): Promise<BlobSource> {
  const hash = storedHash(file.url);
  if (hash === undefined) return { is: "withheld" };
  if (!isTextMime(file.mime) && !isTicked) return { is: "withheld" };
  if (MEDIA.test(file.mime)) return { is: "bytes", hash };
  const bytes = await read(hash);
  if (bytes === undefined) return { is: "gone" };
  const text = textOf(bytes);
  if (text === undefined)
    return isTicked && bytes.byteLength <= MAX_SHARE_BLOB_BYTES ? { is: "bytes", hash } : { is: "withheld" };
  return bytes.byteLength > MOST_TEXT_BYTES ? { is: "withheld" } : { is: "text", text };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
