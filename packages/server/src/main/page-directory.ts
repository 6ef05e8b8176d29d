import { readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { pagePathOf } from "@holdfast/protocol";
import type { PageFile, PageFiles } from "../http/index.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

/**
 * The page as it was built into a directory, or `undefined` when none was. What may be served is listed once, so that no path of a request
 * ever reaches the file system; an address of the page answers with its document, and no other path does (I-3).
 */
export function pageOf(directory: string): PageFiles | undefined {
  const files = new Map<string, string>();
  try {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(directory.length).split(sep).join("/").replace(/^\/*/, "/");
      if (entry.isFile() && extname(entry.name) in TYPES) files.set(name, path);
    }
  } catch {
    return undefined;
  }
  const document = files.get("/index.html");
  if (document === undefined) return undefined;
  const read = new Map<string, PageFile>();
  const fileAt = (path: string): PageFile => {
    const kept = read.get(path);
    if (kept !== undefined) return kept;
    const isImmutable = path.startsWith(join(directory, "assets") + sep);
    const file = { bytes: readFileSync(path), mime: TYPES[extname(path)] ?? "", isImmutable };
    read.set(path, file);
    return file;
  };
  return (path) => {
    const found = files.get(path) ?? (pagePathOf(path) === undefined ? undefined : document);
    return Promise.resolve(found === undefined ? undefined : fileAt(found));
  };
}
