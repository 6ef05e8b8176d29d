/** The packages as `npm publish` would send them, and projects that install them. */
import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildLibrary, compileLibraries, LIBRARIES, PUBLISHED } from "../../scripts/build/library.ts";
import { pack } from "../../scripts/build/pack.ts";
import { writeStoreTypes } from "../../scripts/build/store-types.ts";

export const ROOT = join(import.meta.dirname, "../..");
export const run = promisify(execFile);

/** Short name -> tarball, below this directory. */
export async function packAll(directory: string): Promise<Record<string, string>> {
  const built = (name: string) => join(directory, "build", name);
  compileLibraries();
  for (const name of LIBRARIES) await buildLibrary(name, built(name));
  // Other tests pack the one that was built for all.
  await cp(process.env["HOLDFAST_BUILT"] ?? join(ROOT, "build/holdfast"), built("holdfast"), {
    recursive: true,
  });
  await writeStoreTypes(built("holdfast"));
  return Object.fromEntries(
    PUBLISHED.map((name) => [name, join(directory, pack(built(name), directory).filename)]),
  );
}

/** A copy of an example with these packages installed. */
export async function install(directory: string, tarballs: string[], example: string): Promise<void> {
  await cp(join(ROOT, "examples", example), directory, { recursive: true });
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...flags, ...tarballs], { cwd: directory });
}
