/** Go, as its grammar names things. */
import {
  fieldText,
  KIND,
  named,
  one,
  present,
  type Reader,
  type Reading,
  type SyntaxNode,
  WRAPS,
} from "./syntax.ts";

export const readGo: Reader = (node) => {
  switch (node.type) {
    case "type_declaration":
    case "const_declaration":
    case "var_declaration":
    case "var_spec_list":
      return WRAPS;
    case "function_declaration":
      return named(node, KIND.function);
    case "method_declaration":
      return method(node);
    case "type_spec":
      return type(node);
    case "type_alias":
      return named(node, KIND.typeAlias);
    case "const_spec":
      return all(node, KIND.constant);
    case "var_spec":
      return all(node, KIND.variable);
    case "field_declaration":
      return all(node, KIND.field);
    case "method_elem":
    case "method_spec":
      return named(node, KIND.method);
    default:
      return undefined;
  }
};

/** `a, b int` declares both. */
const all = (node: SyntaxNode, kind: number): Reading => ({
  definitions: present(node.childrenForFieldName("name"))
    .filter(({ isNamed }) => isNamed)
    .map(({ text }) => ({ name: text, kind })),
});

/** A method stands beside its type, and is called by both. */
function method(node: SyntaxNode): Reading | undefined {
  const receiver = present(node.childForFieldName("receiver")?.namedChildren ?? [])[0];
  const name = fieldText(node, "name");
  const owner = typeName(receiver?.childForFieldName("type") ?? null);
  if (name === undefined) return undefined;
  return one(owner === undefined ? name : `${owner}.${name}`, KIND.method);
}

/** `*T`, `T[K]` and `(T)` are of `T`. */
function typeName(node: SyntaxNode | null): string | undefined {
  if (node === null) return undefined;
  if (node.type === "type_identifier") return node.text;
  return typeName(node.childForFieldName("type") ?? present(node.namedChildren)[0] ?? null);
}

function type(node: SyntaxNode): Reading | undefined {
  const of = node.childForFieldName("type");
  const name = fieldText(node, "name");
  if (name === undefined) return undefined;
  switch (of?.type) {
    case "struct_type":
      return one(name, KIND.struct, present(of.namedChildren)[0]);
    case "interface_type":
      return one(name, KIND.interface, of);
    default:
      return one(name, KIND.class);
  }
}
