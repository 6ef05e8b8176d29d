/** The packages that programs import, `@holdfast/protocol` and `@holdfast/client`: JavaScript with types, for Node and for browsers. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, writeManifest } from "./manifest.ts";

const ROOT = join(import.meta.dirname, "../..");

export const LIBRARIES = ["protocol", "client"] as const;
/** Every package that is published, by its directory in `build`, in an order in which each finds what it depends on. */
export const PUBLISHED = [...LIBRARIES, "holdfast"] as const;

/** A relative import of a declaration, which the compiler leaves as the source has it. */
const TYPE_IMPORT = /((?:from |import |import\()"\.{1,2}\/[^"]+)\.ts"/g;

/** Compiles all of them into `packages/<name>/dist`. */
export function compileLibraries(): void {
  const compiler = join(ROOT, "node_modules/ts7/bin/tsc");
  const projects = LIBRARIES.map((name) => join(ROOT, "packages", name));
  execFileSync(process.execPath, [compiler, "-b", ...projects], { cwd: ROOT, stdio: "inherit" });
}

/** Writes one that is compiled into this directory, which is emptied first. */
export async function buildLibrary(name: (typeof LIBRARIES)[number], directory: string): Promise<void> {
  const source = join(ROOT, "packages", name);
  const compiled = join(source, "dist");
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, "dist"), { recursive: true });
  const sources = new Set(await readdir(join(source, "src"), { recursive: true }));
  for (const file of await readdir(compiled, { recursive: true })) {
    // What a deleted source left behind is not published.
    if (!/\.(js|d\.ts)$/.test(file) || !sources.has(file.replace(/\.(js|d\.ts)$/, ".ts"))) continue;
    const text = await readFile(join(compiled, file), "utf8");
    await mkdir(join(directory, "dist", file, ".."), { recursive: true });
    const published = text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n").replace(TYPE_IMPORT, '$1.js"');
    await writeFile(join(directory, "dist", file), published);
  }
  await cp(join(source, "README.md"), join(directory, "README.md"));
  const { dependencies, description, exports } = JSON.parse(
    await readFile(join(source, "package.json"), "utf8"),
  ) as Manifest & { exports: Record<string, string> };
  await writeManifest(directory, {
    name: `@holdfast/${name}`,
    description,
    // The protocol sets Zod up where it is first imported; nothing else does anything by being imported.
    sideEffects: name === "protocol" ? ["./dist/without-eval.js"] : false,
    exports: {
      ...Object.fromEntries(Object.entries(exports).map(([name, door]) => [name, publishedDoor(door)])),
      "./package.json": "./package.json",
    },
    files: ["dist"],
    dependencies,
  });
}

/** Where a door of the sources is when it is compiled. */
function publishedDoor(source: string): { types: string; default: string } {
  const compiled = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
  return { types: `${compiled}.d.ts`, default: `${compiled}.js` };
}
