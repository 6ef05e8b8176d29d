import { extname } from "node:path";
import type { SymbolLanguage } from "@holdfast/protocol";

/** A grammar that is shipped; each language has one, TypeScript another one with JSX. */
export type Grammar = SymbolLanguage | "tsx";

const GRAMMARS: Readonly<Record<string, { language: SymbolLanguage; grammar: Grammar }>> = {
  ...of([".ts", ".mts", ".cts"], "typescript"),
  ...of([".tsx"], "typescript", "tsx"),
  ...of([".js", ".jsx", ".mjs", ".cjs"], "javascript"),
  ...of([".py", ".pyi"], "python"),
  ...of([".go"], "go"),
  ...of([".rs"], "rust"),
};

function of(extensions: readonly string[], language: SymbolLanguage, grammar: Grammar = language) {
  return Object.fromEntries(extensions.map((extension) => [extension, { language, grammar }]));
}

/** By the ending of a file's name; `undefined` for files whose symbols nobody here knows. */
export function grammarOf(path: string): { language: SymbolLanguage; grammar: Grammar } | undefined {
  const extension = extname(path).toLowerCase();
  return Object.hasOwn(GRAMMARS, extension) ? GRAMMARS[extension] : undefined;
}
