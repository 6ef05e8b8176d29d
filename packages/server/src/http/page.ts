import type { Reply } from "@holdfast/edge";

/** One file of the page, as built. */
export type PageFile = {
  bytes: Uint8Array;
  mime: string;
  /** Its name holds its hash, so it may be kept for ever. */
  isImmutable: boolean;
};

/** Where the files of the page come from; `undefined` for a path that is none of its. */
export type PageFiles = (path: string) => Promise<PageFile | undefined>;

/** A file of the page as an answer. */
export async function servePage(files: PageFiles | undefined, path: string): Promise<Reply | undefined> {
  const file = await files?.(path);
  if (file === undefined) return undefined;
  const caching = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
  return { status: 200, bytes: file.bytes, headers: { "content-type": file.mime, "cache-control": caching } };
}
