/** Words for LSP's `SymbolKind`, as far as Holdfast tells it. */
const WORDS: Readonly<Record<number, string>> = {
  2: "module",
  3: "namespace",
  5: "class",
  6: "method",
  7: "property",
  8: "field",
  9: "constructor",
  10: "enum",
  11: "interface",
  12: "function",
  13: "variable",
  14: "constant",
  22: "enum member",
  23: "struct",
  26: "type",
};

export const kindWord = (kind: number): string => WORDS[kind] ?? "symbol";
