/** `npm run build`: the packages as they are published, in `build/`, and their tarballs beside them. The clone itself needs none of it. */
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildLibrary, compileLibraries, LIBRARIES, PUBLISHED } from "./build/library.ts";
import { pack } from "./build/pack.ts";
import { buildProgram } from "./build/program.ts";
import { writeStoreTypes } from "./build/store-types.ts";

const BUILD = join(import.meta.dirname, "../build");

// Those of an earlier version would be installed beside these.
for (const tarball of globSync("*.tgz", { cwd: BUILD })) rmSync(join(BUILD, tarball));
compileLibraries();
for (const name of LIBRARIES) await buildLibrary(name, join(BUILD, name));
await buildProgram(join(BUILD, "holdfast"));
await writeStoreTypes(join(BUILD, "holdfast"));
for (const name of PUBLISHED) process.stdout.write(`build/${pack(join(BUILD, name), BUILD).filename}\n`);
