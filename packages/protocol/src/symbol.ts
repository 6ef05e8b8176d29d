/** Symbols of a source file: what stands in it by name. */
import { z } from "zod";
import { rangeSchema } from "./source.ts";

/** Languages that the symbols of a file are known of. */
const SYMBOL_LANGUAGES = ["typescript", "javascript", "python", "go", "rust"] as const;
export type SymbolLanguage = (typeof SYMBOL_LANGUAGES)[number];

/** Limits of reading the symbols of one file; each stands here once. */
export const SYMBOL_LIMITS = {
  /** Bytes of a file whose symbols are read. */
  fileBytes: 1024 * 1024,
  /** Symbols of one file, in its order; the others are left out. */
  symbols: 2_000,
  /** Characters of a name; a symbol with a longer one is left out. */
  nameLength: 256,
} as const;

/** One symbol, with kind and range as the Language Server Protocol 3.17 has them. */
export const fileSymbolSchema = z
  .object({
    /** With the names of what it stands in: `Lane.claim`. */
    name: z.string(),
    /** LSP's `SymbolKind`: 5 class, 6 method, 12 function ... */
    kind: z.int().min(1).max(26),
    /** Its whole text with the comment above it; lines and characters (UTF-16) count from 0, the end is exclusive. */
    range: rangeSchema,
  })
  .meta({ id: "FileSymbol" });
export type FileSymbol = z.infer<typeof fileSymbolSchema>;

export const symbolListSchema = z
  .object({
    /** Absent: symbols of files like this one are not known. */
    language: z.enum(SYMBOL_LANGUAGES).optional(),
    /** In the order of the file. */
    items: z.array(fileSymbolSchema),
    /** Whether there are more than may be listed. */
    truncated: z.boolean(),
  })
  .meta({ id: "SymbolList" });
export type SymbolList = z.infer<typeof symbolListSchema>;

/** The symbols that a name means: those that are called so in full, else those whose last name it is. More than one: it says too little. */
export function symbolsNamed(symbols: readonly FileSymbol[], name: string): FileSymbol[] {
  const whole = symbols.filter((symbol) => symbol.name === name);
  return whole.length > 0 ? whole : symbols.filter((symbol) => symbol.name.endsWith(`.${name}`));
}

/** Its lines, counted from 1, both meant. */
export function linesOfRange({ start, end }: FileSymbol["range"]): { start: number; end: number } {
  const isWhole = end.character === 0 && end.line > start.line;
  return { start: start.line + 1, end: isWhole ? end.line : end.line + 1 };
}
