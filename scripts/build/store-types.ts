/**
 * The types of `holdfast/store` and `holdfast/store/contract`: the declarations that their doors lead to, in the places of their sources below `types/`. Those of
 * `@holdfast/protocol` are of its own package, which who embeds the store brings along.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const COMPILER = join(ROOT, "node_modules/ts7/bin/tsc");

export const STORE_DOORS = {
  store: "server/src/main/embedded-store",
  "store-contract": "server/test/contract/store-contract",
};

/** Packages that are none of their own when they are published. */
const INSIDE = ["kernel", "sqlite"];
const IMPORT = /((?:from |import |import\()")([^"]+)"/g;

export async function writeStoreTypes(directory: string): Promise<void> {
  const compiled = await mkdtemp(join(tmpdir(), "holdfast-types-"));
  try {
    await compile(compiled);
    const seen = new Set<string>();
    for (const door of Object.values(STORE_DOORS)) await copy(door, { compiled, directory, seen });
  } finally {
    await rm(compiled, { recursive: true, force: true });
  }
}

async function compile(directory: string): Promise<void> {
  const project = join(directory, "tsconfig.json");
  const config = {
    extends: join(ROOT, "tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: true,
      sourceMap: false,
      rootDir: ROOT,
      outDir: directory,
      // As sources of one project, so that theirs are written too.
      paths: Object.fromEntries(
        INSIDE.map((name) => [`@holdfast/${name}`, [join(ROOT, "packages", name, "src/index.ts")]]),
      ),
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    files: Object.values(STORE_DOORS).map((door) => join(ROOT, "packages", `${door}.ts`)),
  };
  await writeFile(project, JSON.stringify(config));
  execFileSync(process.execPath, [COMPILER, "-p", project], { stdio: "inherit" });
}

type Copying = { compiled: string; directory: string; seen: Set<string> };

/** A declaration by its place below `packages`, without extension, and all that it imports. */
async function copy(place: string, copying: Copying): Promise<void> {
  if (copying.seen.has(place)) return;
  copying.seen.add(place);
  const text = await readFile(join(copying.compiled, "packages", `${place}.d.ts`), "utf8");
  const imported: string[] = [];
  const published = text.replaceAll(IMPORT, (whole, before: string, name: string) => {
    const inside = INSIDE.find((inside) => name === `@holdfast/${inside}`);
    if (inside === undefined && !name.startsWith(".")) return whole;
    const to = inside === undefined ? join(dirname(place), name.replace(/\.ts$/, "")) : `${inside}/src/index`;
    imported.push(to);
    const path = relative(dirname(place), to);
    return `${before}${path.startsWith(".") ? path : `./${path}`}.js"`;
  });
  const file = join(copying.directory, "types", `${place}.d.ts`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, published);
  for (const next of imported) await copy(next, copying);
}
