/** What `web` built for this service: files that everybody may load, by their addresses, and the renderer. Listed once, so that no path of a request reaches the file system. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PageAssets } from "@holdfast/web";
import { z } from "zod";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The entry of the script, as the build names it. */
const ENTRY = "src/shared/main.tsx";

const manifestSchema = z.record(
  z.string(),
  z.object({ file: z.string(), css: z.array(z.string()).optional() }),
);

export type PageFile = { bytes: Uint8Array; mime: string; isImmutable: boolean };

export type PageFiles = {
  assets: PageAssets;
  renderer: URL;
  /** Of what writes documents, and of what they load: another one writes others. */
  version: string;
  /** A file by the path of its address; `undefined` for every other path. */
  read(path: string): PageFile | undefined;
};

/** `undefined` where nothing was built into the directory. Throws on a manifest that is none. */
export function pageFilesOf(directory: string): PageFiles | undefined {
  const manifest = join(directory, "manifest.json");
  if (!existsSync(manifest)) return undefined;
  const text = readFileSync(manifest, "utf8");
  const version = createHash("sha256")
    .update(text)
    .update(readFileSync(join(directory, "render.js")));
  const entry = manifestSchema.parse(JSON.parse(text))[ENTRY];
  if (entry === undefined) throw new Error(`The manifest of the pages names no ${ENTRY}.`);
  const files = new Map([["/icon.svg", join(directory, "icon.svg")]]);
  for (const name of readdirSync(join(directory, "assets")))
    if (extname(name) in TYPES) files.set(`/assets/${name}`, join(directory, "assets", name));
  const read = new Map<string, PageFile>();
  return {
    assets: { script: `/${entry.file}`, styles: (entry.css ?? []).map((file) => `/${file}`) },
    renderer: pathToFileURL(join(directory, "render.js")),
    version: version.digest("hex"),
    read(path) {
      const file = files.get(path);
      if (file === undefined) return undefined;
      const kept = read.get(path) ?? {
        bytes: readFileSync(file),
        mime: TYPES[extname(file)] ?? "",
        isImmutable: path.startsWith("/assets/"),
      };
      read.set(path, kept);
      return kept;
    },
  };
}
