/** What is read of a parser's tree. */

type Point = { readonly row: number; readonly column: number };

export type SyntaxNode = {
  readonly type: string;
  readonly isNamed: boolean;
  readonly text: string;
  readonly startPosition: Point;
  /** Exclusive. */
  readonly endPosition: Point;
  readonly parent: SyntaxNode | null;
  readonly children: readonly (SyntaxNode | null)[];
  readonly namedChildren: readonly (SyntaxNode | null)[];
  childForFieldName(name: string): SyntaxNode | null;
  childrenForFieldName(name: string): readonly (SyntaxNode | null)[];
};

/** LSP's `SymbolKind`, as far as it is used here. */
export const KIND = {
  module: 2,
  namespace: 3,
  class: 5,
  method: 6,
  property: 7,
  field: 8,
  constructor: 9,
  enum: 10,
  interface: 11,
  function: 12,
  variable: 13,
  constant: 14,
  enumMember: 22,
  struct: 23,
  typeAlias: 26,
} as const;

/** One thing with a name; `body` holds what stands in it. A scope is no symbol itself, only a name before those of what stands in it. */
export type Definition = {
  name: string;
  kind: number;
  body?: SyntaxNode | undefined;
  isScope?: boolean;
};

/** What a node is for the list of symbols: definitions; the wrapping of one, whose range is the whole of it (`export class A {}`); or a place that holds others. */
export type Reading = { definitions: Definition[] } | { wraps: true } | { holds: SyntaxNode[] };

/** Reads one node; `within` is the kind of what it stands in. `undefined`: nothing of it is a symbol. */
export type Reader = (node: SyntaxNode, within: number | undefined) => Reading | undefined;

export const WRAPS: Reading = { wraps: true };

export const present = (nodes: readonly (SyntaxNode | null)[]): SyntaxNode[] =>
  nodes.filter((node) => node !== null);

/** The text of a field. */
export const fieldText = (node: SyntaxNode, field: string): string | undefined =>
  node.childForFieldName(field)?.text;

/** A definition called by its field `name`. */
export function named(node: SyntaxNode, kind: number, body?: string): Reading | undefined {
  const name = fieldText(node, "name");
  if (name === undefined) return undefined;
  return one(name, kind, body === undefined ? undefined : node.childForFieldName(body));
}

export const one = (name: string, kind: number, body?: SyntaxNode | null): Reading => ({
  definitions: [{ name, kind, body: body ?? undefined }],
});
