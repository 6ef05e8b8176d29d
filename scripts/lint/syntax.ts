/** The few fields of an ESTree node that the house rules read. */
export type Syntax = {
  type: string;
  name?: string;
  value?: unknown;
  kind?: string;
  importKind?: string;
  exportKind?: string;
  computed?: boolean;
  object?: Syntax;
  property?: Syntax;
  callee?: Syntax;
  source?: Syntax;
  imported?: Syntax;
  local?: Syntax;
  arguments?: Syntax[];
  specifiers?: Syntax[];
};

/** A lint rule in the plugin interface that oxlint shares with ESLint. */
export type Rule = {
  meta?: { schema: object[] };
  create(context: RuleContext): Record<string, (node: Syntax) => void>;
};

/** What a rule may ask and say while one file is read. */
export type RuleContext = {
  options: readonly unknown[];
  report(finding: { node: Syntax; message: string }): void;
};

/** `a.b.c` of a chain of plain members (also `a["b"]`), without a leading `globalThis`; `undefined` for anything else. */
export function memberPath(node: Syntax): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression" || node.object === undefined || node.property === undefined)
    return undefined;
  const object = memberPath(node.object);
  const property = node.computed === true ? node.property.value : node.property.name;
  if (object === undefined || typeof property !== "string") return undefined;
  return object === "globalThis" ? property : `${object}.${property}`;
}

/** The names a declaration imports, as the other module exports them; type imports are left out. */
export function importedNames(node: Syntax): string[] {
  if (node.importKind === "type") return [];
  return (node.specifiers ?? []).flatMap((specifier) => {
    if (specifier.importKind === "type") return [];
    const name = specifier.imported?.name;
    return name === undefined ? [] : [name];
  });
}

/** Every identifier name and string below a node, the node included. */
export function wordsIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(wordsIn);
  if (node === null || typeof node !== "object" || !("type" in node)) return [];
  const words: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "parent" || key === "loc" || key === "range") continue;
    if (key === "name" && typeof value === "string") words.push(value);
    else if (key === "value" && typeof value === "string") words.push(value);
    else if (key === "value" && isCooked(value)) words.push(value.cooked);
    else words.push(...wordsIn(value));
  }
  return words;
}

function isCooked(value: unknown): value is { cooked: string } {
  return value !== null && typeof value === "object" && "cooked" in value && typeof value.cooked === "string";
}
