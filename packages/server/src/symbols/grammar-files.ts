/** The parser and its grammars as files: in the package that has them, or beside the bundle, where the build puts them. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Grammar } from "./grammar.ts";

const PACKAGE = "@vscode/tree-sitter-wasm/wasm";

/** The parser as a module and as a program, and the grammars, by their names in the package. */
const FILES: Readonly<Record<Grammar | "module" | "program", string>> = {
  module: "tree-sitter.js",
  program: "tree-sitter.wasm",
  typescript: "tree-sitter-typescript.wasm",
  tsx: "tree-sitter-tsx.wasm",
  javascript: "tree-sitter-javascript.wasm",
  python: "tree-sitter-python.wasm",
  go: "tree-sitter-go.wasm",
  rust: "tree-sitter-rust.wasm",
};

type ParserFile = keyof typeof FILES;

/** The name of one beside the bundle, where a file in `.js` would be taken for another kind of module. */
const bundledName = (name: ParserFile): string => FILES[name].replace(/\.js$/, ".cjs");

/** For the build: the path of each, and its name in `grammars` beside the bundle. */
export const parserFiles = (): { path: string; name: string }[] =>
  (Object.keys(FILES) as ParserFile[]).map((name) => ({ path: parserFile(name), name: bundledName(name) }));

/** The path of one. */
export function parserFile(name: ParserFile): string {
  if (import.meta.url.endsWith(".ts"))
    return createRequire(import.meta.url).resolve(`${PACKAGE}/${FILES[name]}`);
  return fileURLToPath(new URL(`./grammars/${bundledName(name)}`, import.meta.url));
}
