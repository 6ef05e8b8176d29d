/** The packages as `npm publish` would send them, and projects that install them. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildLibrary, compileLibraries, LIBRARIES } from "../../scripts/build/library.ts";

export const ROOT = join(import.meta.dirname, "../..");
export const run = promisify(execFile);

const program = process.env["HOLDFAST_BUILT"] ?? join(ROOT, "build/holdfast");

/** Name in `build/` -> its tarball, below this directory. */
export async function packAll(directory: string): Promise<Record<string, string>> {
  compileLibraries();
  for (const name of LIBRARIES) await buildLibrary(name, join(directory, "build", name));
  const built = {
    holdfast: program,
    ...Object.fromEntries(LIBRARIES.map((name) => [name, join(directory, "build", name)])),
  };
  const tarballs: Record<string, string> = {};
  for (const [name, from] of Object.entries(built)) {
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory, from]);
    const packed: unknown = JSON.parse(stdout);
    const [{ filename }] = (Array.isArray(packed) ? packed : Object.values(packed as object)) as [
      { filename: string },
    ];
    tarballs[name] = join(directory, filename);
  }
  return tarballs;
}

/** A copy of an example, or an empty project, with these packages installed. */
export async function install(directory: string, tarballs: string[], example?: string): Promise<void> {
  if (example === undefined) {
    await mkdir(directory);
    await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  } else await cp(join(ROOT, "examples", example), directory, { recursive: true });
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...flags, ...tarballs], { cwd: directory });
}
