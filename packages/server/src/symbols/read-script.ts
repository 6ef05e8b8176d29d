/** TypeScript and JavaScript, as their grammars name things. */
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

const FUNCTIONS = new Set(["arrow_function", "function_expression", "generator_function"]);
/** Names that can be written as they are; computed ones cannot. */
const NAMES = new Set(["property_identifier", "private_property_identifier", "identifier"]);

export const readScript: Reader = (node, within) => {
  switch (node.type) {
    case "export_statement":
    case "ambient_declaration":
    case "expression_statement":
    case "lexical_declaration":
    case "variable_declaration":
      return WRAPS;
    case "function_declaration":
    case "generator_function_declaration":
    case "function_signature":
      return named(node, KIND.function);
    case "class_declaration":
    case "abstract_class_declaration":
      return named(node, KIND.class, "body");
    case "interface_declaration":
      return named(node, KIND.interface, "body");
    case "type_alias_declaration":
      return named(node, KIND.typeAlias);
    case "enum_declaration":
      return named(node, KIND.enum, "body");
    case "internal_module":
      return named(node, KIND.namespace, "body");
    case "module":
      return named(node, KIND.module, "body");
    case "variable_declarator":
      return variable(node);
    case "enum_assignment":
      return named(node, KIND.enumMember);
    case "property_identifier":
      return within === KIND.enum ? one(node.text, KIND.enumMember) : undefined;
    default:
      return member(node);
  }
};

function variable(node: SyntaxNode): Reading | undefined {
  const name = node.childForFieldName("name");
  if (name?.type !== "identifier") return undefined;
  const value = node.childForFieldName("value");
  if (value !== null && FUNCTIONS.has(value.type)) return one(name.text, KIND.function);
  if (value?.type === "class") return one(name.text, KIND.class, value.childForFieldName("body"));
  const isConstant = node.parent !== null && fieldText(node.parent, "kind") === "const";
  return one(name.text, isConstant ? KIND.constant : KIND.variable);
}

/** What stands in a class or an interface. */
function member(node: SyntaxNode): Reading | undefined {
  const name = node.childForFieldName("name") ?? node.childForFieldName("property");
  if (name === null || !NAMES.has(name.type)) return undefined;
  switch (node.type) {
    case "method_definition":
    case "method_signature":
    case "abstract_method_signature": {
      const isAccessor = present(node.children).some(({ type }) => type === "get" || type === "set");
      if (isAccessor) return one(name.text, KIND.property);
      return one(name.text, name.text === "constructor" ? KIND.constructor : KIND.method);
    }
    case "public_field_definition":
    case "field_definition": {
      const value = node.childForFieldName("value");
      return one(name.text, value !== null && FUNCTIONS.has(value.type) ? KIND.method : KIND.property);
    }
    case "property_signature":
      return one(name.text, KIND.property);
    default:
      return undefined;
  }
}
