/** The package `holdfast`: command, server, page, native and rehearsal agent in one, without dependencies. */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { VERSION } from "@holdfast/protocol";
import { parserFiles } from "@holdfast/server";
import { rolldown } from "rolldown";
import { writeManifest } from "./manifest.ts";
import { thirdPartyNotices } from "./notices.ts";
import { buildPage, newest } from "./page.ts";
import { STORE_DOORS } from "./store-types.ts";

const ROOT = join(import.meta.dirname, "../..");
const PACKAGES = join(ROOT, "packages");

/** What starts by itself (the command, the agent, and the modules that threads load, by the names that the sources ask for), and what others import. */
const ENTRIES = {
  index: "cli/src/index.ts",
  native: "native/src/main.ts",
  "tool-thread": "native/src/tools/thread/tool-thread.ts",
  rehearsal: "rehearsal/src/main.ts",
  "writer-thread": "sqlite/src/writer-thread.ts",
  "reader-thread": "sqlite/src/reader-thread.ts",
  "command-module": "server/src/store/sqlite/command-module.ts",
  "share-module": "share/src/store/share-module.ts",
  "schema-thread": "server/src/json-schema/schema-thread.ts",
  "rpc-thread": "rpc/src/thread/rpc-thread.ts",
  "symbol-thread": "server/src/symbols/symbol-thread.ts",
  "share-render-thread": "share/src/pages/render-thread.ts",
  ...Object.fromEntries(Object.entries(STORE_DOORS).map(([name, door]) => [name, `${door}.ts`])),
};

/** Grammars of languages, beside the bundle, where the thread that reads symbols looks for them. */
const GRAMMARS = "lib/grammars";

/** What it is made of. */
const SOURCES = ["packages", "scripts/build", "package-lock.json"].map((path) => join(ROOT, path));

/** What the command prints for `--help` without loading itself; written last, so that it says whether a build was finished. */
const HELP = "lib/help.txt";

/** Does nothing when it is there and no source is newer. */
export async function buildProgramUnlessFresh(directory: string): Promise<void> {
  const builtAt = statSync(join(directory, HELP), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (SOURCES.some((source) => newest(source) > builtAt)) await buildProgram(directory);
}

/** Writes it into this directory, which is emptied first: `bin`, `lib` (the bundle, and grammars), `dist` (the page), `completion`. */
export async function buildProgram(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, "bin"), { recursive: true });
  const files = parserFiles();
  const copied = [...new Set(files.map(({ path }) => dirname(dirname(path))))];
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(PACKAGES, file)])),
    cwd: ROOT,
    platform: "node",
    external: ["vitest"],
    // Packages that offer both are taken as modules: a bundler cannot follow what their other form loads.
    resolve: { mainFields: ["module", "main"] },
    plugins: [thirdPartyNotices(copied).write],
  });
  await bundle.write({
    dir: join(directory, "lib"),
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // Names stay, so that a stack says where it was; the size is a fifth of what may be installed either way.
    minify: false,
  });
  await bundle.close();
  for (const { path, name } of files) await cp(path, join(directory, GRAMMARS, name));
  await buildPage({ isForced: false });
  await cp(join(PACKAGES, "web/dist"), join(directory, "dist"), {
    recursive: true,
    filter: (path) => !path.endsWith(".vite"),
  });
  await cp(join(PACKAGES, "cli/completion"), join(directory, "completion"), { recursive: true });
  for (const program of ["cli/bin/holdfast.cjs", "native/bin/native.js", "rehearsal/bin/rehearsal.js"]) {
    const to = join(directory, "bin", program.split("/").at(-1) ?? program);
    await cp(join(PACKAGES, program), to);
    await chmod(to, 0o755);
  }
  await cp(join(PACKAGES, "cli/README.md"), join(directory, "README.md"));
  await writeManifest(directory, {
    name: "holdfast",
    description: "A session server for coding agents: the session, not the process, is what lasts.",
    bin: { holdfast: "bin/holdfast.cjs" },
    exports: {
      "./store": { types: `./types/${STORE_DOORS.store}.d.ts`, default: "./lib/store.js" },
      "./store/contract": {
        types: `./types/${STORE_DOORS["store-contract"]}.d.ts`,
        default: "./lib/store-contract.js",
      },
      "./package.json": "./package.json",
    },
    files: ["bin", "completion", "dist", "lib", "types"],
    // Of who embeds the store, for its types and for its contract.
    peerDependencies: { "@holdfast/protocol": VERSION, vitest: "^5.1.1" },
    peerDependenciesMeta: { "@holdfast/protocol": { optional: true }, vitest: { optional: true } },
  });
  const command = join(directory, "bin/holdfast.cjs");
  const { stdout } = await promisify(execFile)(process.execPath, [command, "help"]);
  await writeFile(join(directory, HELP), stdout);
}
