/** Python, as its grammar names things. */
import { KIND, named, one, present, type Reader, type Reading, type SyntaxNode, WRAPS } from "./syntax.ts";

const CONSTANT = /^[A-Z][A-Z0-9_]*$/;

export const readPython: Reader = (node, within) => {
  switch (node.type) {
    case "decorated_definition":
    case "expression_statement":
      return WRAPS;
    case "function_definition":
      return named(node, within === KIND.class ? KIND.method : KIND.function);
    case "class_definition":
      return named(node, KIND.class, "body");
    case "assignment":
      return variable(node);
    case "type_alias_statement": {
      const left = node.childForFieldName("left");
      return left === null ? undefined : one(left.text.replace(/\[[^]*$/, ""), KIND.typeAlias);
    }
    // What is declared under a condition is declared all the same.
    case "if_statement":
    case "elif_clause":
    case "else_clause":
    case "try_statement":
    case "except_clause":
    case "finally_clause":
    case "with_statement":
    case "block":
      return { holds: present(node.namedChildren) };
    default:
      return undefined;
  }
};

function variable(node: SyntaxNode): Reading | undefined {
  const left = node.childForFieldName("left");
  if (left?.type !== "identifier") return undefined;
  return one(left.text, CONSTANT.test(left.text) ? KIND.constant : KIND.variable);
}
