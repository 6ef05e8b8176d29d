import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds a library of this folder that is loaded before the C library of a program (`LD_PRELOAD`); answers its path. */
export function buildPreload(name: "bad-disk" | "bad-clock", directory: string): string {
  const library = join(directory, `${name}.so`);
  const source = join(import.meta.dirname, `${name}.c`);
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source, "-ldl"]);
  return library;
}
