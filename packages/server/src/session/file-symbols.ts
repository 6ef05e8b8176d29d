/** The symbols of one file of a workspace. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { HoldfastError } from "@holdfast/kernel";
import { SYMBOL_LIMITS, type SymbolList } from "@holdfast/protocol";
import { grammarOf, type Symbols } from "../symbols/index.ts";
import { type ReservedPlaces, resolveInWorkspace } from "./workspace-path.ts";

type Deps = { symbols: Symbols; reserved: ReservedPlaces };

/** Rejects PATH_ESCAPES, TOO_LARGE, and UNPROCESSABLE for what is not there, no text, or beyond the parser. */
export async function fileSymbols(deps: Deps, directory: string, path: string): Promise<SymbolList> {
  return symbolsAt(deps.symbols, await resolveInWorkspace(directory, path, deps.reserved), path);
}

/** Those of a file by its real path; `shown` is how it is called in a refusal. */
export async function symbolsAt(symbols: Symbols, real: string, shown: string): Promise<SymbolList> {
  const known = grammarOf(real);
  if (known === undefined) return { items: [], truncated: false };
  const found = await symbols.of(known.grammar, await readSource(real, shown));
  if ("problem" in found) throw refusal(shown, found.problem);
  return { language: known.language, ...found };
}

async function readSource(path: string, shown: string): Promise<string> {
  // Without waiting for a pipe's other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => {
    throw refusal(shown, "cannot be read");
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw refusal(shown, "is no regular file");
    if (stats.size > SYMBOL_LIMITS.fileBytes)
      throw new HoldfastError(
        "TOO_LARGE",
        `${shown} has ${stats.size} bytes; symbols are read of files up to ${SYMBOL_LIMITS.fileBytes}.`,
      );
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

const refusal = (shown: string, why: string): HoldfastError =>
  new HoldfastError("UNPROCESSABLE", `${shown} ${why}.`);
