/** Rust, as its grammar names things. */
import { KIND, named, present, type Reader, type Reading, type SyntaxNode } from "./syntax.ts";

const TYPES = new Set<number | undefined>([KIND.struct, KIND.interface]);

export const readRust: Reader = (node, within) => {
  switch (node.type) {
    case "function_item":
    case "function_signature_item":
      return named(node, TYPES.has(within) ? KIND.method : KIND.function);
    case "struct_item":
    case "union_item":
      return named(node, KIND.struct, "body");
    case "enum_item":
      return named(node, KIND.enum, "body");
    case "trait_item":
      return named(node, KIND.interface, "body");
    case "impl_item":
      return implementation(node);
    case "mod_item":
      return named(node, KIND.module, "body");
    case "foreign_mod_item":
    case "declaration_list":
      return { holds: present(node.namedChildren) };
    case "const_item":
    case "static_item":
      return named(node, KIND.constant);
    case "type_item":
    case "associated_type":
      return named(node, KIND.typeAlias);
    case "macro_definition":
      return named(node, KIND.function);
    case "field_declaration":
      return named(node, KIND.field);
    case "enum_variant":
      return named(node, KIND.enumMember);
    default:
      return undefined;
  }
};

/** What an `impl` holds is called by its type. */
function implementation(node: SyntaxNode): Reading | undefined {
  const name = typeName(node.childForFieldName("type"));
  const body = node.childForFieldName("body");
  if (name === undefined || body === null) return undefined;
  return { definitions: [{ name, kind: KIND.struct, body, isScope: true }] };
}

/** `T<A>`, `m::T` and `&T` are of `T`. */
function typeName(node: SyntaxNode | null): string | undefined {
  if (node === null) return undefined;
  if (node.type === "type_identifier" || node.type === "primitive_type") return node.text;
  return typeName(
    node.childForFieldName("name") ??
      node.childForFieldName("type") ??
      present(node.namedChildren)[0] ??
      null,
  );
}
