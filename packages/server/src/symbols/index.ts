export { parserFiles } from "./grammar-files.ts";
export { grammarOf } from "./grammar.ts";
export { createSymbols, type Symbols } from "./symbols.ts";
