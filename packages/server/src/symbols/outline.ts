/** From a tree of syntax to symbols in the order of the text: what is declared at the top of a file, and in types and modules; nothing inside of functions. */
import { type FileSymbol, SYMBOL_LIMITS } from "@holdfast/protocol";
import type { Grammar } from "./grammar.ts";
import { readGo } from "./read-go.ts";
import { readPython } from "./read-python.ts";
import { readRust } from "./read-rust.ts";
import { readScript } from "./read-script.ts";
import { KIND, present, type Reader, type SyntaxNode } from "./syntax.ts";

const READERS: Readonly<Record<Grammar, Reader>> = {
  typescript: readScript,
  tsx: readScript,
  javascript: readScript,
  python: readPython,
  go: readGo,
  rust: readRust,
};

/** How deep things are looked for in things: a source may nest them without end, and each level is a call on the stack. */
const DEPTH = 64;

/** What stands above a definition and belongs to it. */
const LEADING = new Set(["comment", "line_comment", "block_comment", "decorator", "attribute_item"]);

/** Several of one name that follow each other are one: the overloads of a function, a getter and its setter. */
const MERGED = new Set<number>([KIND.function, KIND.method, KIND.property, KIND.constructor]);

type Range = FileSymbol["range"];
type Place = { prefix: string; within: number | undefined; depth: number };

/** The symbols of a file, at most as many as `SYMBOL_LIMITS` lets. */
export function symbolsOf(grammar: Grammar, root: SyntaxNode): { items: FileSymbol[]; truncated: boolean } {
  const items: FileSymbol[] = [];
  const place: Place = { prefix: "", within: undefined, depth: 0 };
  for (const symbol of walk(present(root.namedChildren), place, READERS[grammar])) {
    const last = items.at(-1);
    if (last?.name === symbol.name && last.kind === symbol.kind && MERGED.has(symbol.kind)) {
      last.range.end = symbol.range.end;
      continue;
    }
    if (symbol.name.length > SYMBOL_LIMITS.nameLength) continue;
    if (items.length === SYMBOL_LIMITS.symbols) return { items, truncated: true };
    items.push(symbol);
  }
  return { items, truncated: false };
}

function* walk(nodes: readonly SyntaxNode[], place: Place, read: Reader): Generator<FileSymbol> {
  if (place.depth > DEPTH) return;
  for (const [index, node] of nodes.entries()) yield* visit(node, () => rangeAt(nodes, index), place, read);
}

function* visit(node: SyntaxNode, range: () => Range, place: Place, read: Reader): Generator<FileSymbol> {
  const reading = read(node, place.within);
  if (reading === undefined || place.depth > DEPTH) return;
  const inside = { ...place, depth: place.depth + 1 };
  if ("holds" in reading) {
    yield* walk(reading.holds, inside, read);
    return;
  }
  if ("wraps" in reading) {
    const wrapped = present(node.namedChildren);
    const [only, another] = wrapped.filter((child) => read(child, place.within) !== undefined);
    if (only !== undefined && another === undefined) yield* visit(only, range, inside, read);
    else yield* walk(wrapped, inside, read);
    return;
  }
  for (const { name, kind, body, isScope } of reading.definitions) {
    const full = place.prefix === "" ? name : `${place.prefix}.${name}`;
    if (isScope !== true) yield { name: full, kind, range: range() };
    if (body !== undefined)
      yield* walk(present(body.namedChildren), { ...inside, prefix: full, within: kind }, read);
  }
}

/** The range of a node with what stands above it and belongs to it. */
function rangeAt(nodes: readonly SyntaxNode[], index: number): Range {
  const node = nodes[index] as SyntaxNode;
  let first = node;
  for (let at = index - 1; at >= 0; at -= 1) {
    const before = nodes[at] as SyntaxNode;
    const isAbove = LEADING.has(before.type) && lastRow(before) >= first.startPosition.row - 1;
    // What begins further in stands behind something else on its line.
    if (!isAbove || before.startPosition.column > node.startPosition.column) break;
    first = before;
  }
  return { start: position(first.startPosition), end: position(node.endPosition) };
}

/** Some comments end with their line. */
function lastRow({ startPosition: start, endPosition: end }: SyntaxNode): number {
  return end.column === 0 && end.row > start.row ? end.row - 1 : end.row;
}

const position = ({ row, column }: SyntaxNode["startPosition"]) => ({ line: row, character: column });
