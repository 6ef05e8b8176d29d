import ts from "typescript";

const ID = "[A-Z]{1,2}-[0-9]+(?:\\.[0-9]+)?";
const DEFINITION = new RegExp(String.raw`\*\*(${ID})\*\*`, "g");
/** A rule's own line. */
const HEAD = new RegExp(String.raw`^- \*\*(${ID})\*\*`, "gm");
const TARGET_ROW = new RegExp(String.raw`^\|\s*(${ID})\s*\|`, "gm");
const CITATION = new RegExp(String.raw`\[(${ID}(?:\s*,\s*${ID})*)\]`, "g");
const TEST_FUNCTIONS = new Set(["describe", "it", "test"]);

/** Rule ids of one specification: `required` stand in bold and need a test, `known` (rows of a table of targets) may be cited, `doubled` head two rules. */
export function rulesOf(markdown: string): { required: string[]; known: string[]; doubled: string[] } {
  const heads = [...markdown.matchAll(HEAD)].map(([, id = ""]) => id);
  const doubled = heads.filter((id, at) => heads.indexOf(id) !== at);
  return { required: firstGroups(markdown, DEFINITION), known: firstGroups(markdown, TARGET_ROW), doubled };
}

/** The rule ids that the test titles of one file cite, as in `[D-7] ...` or `[D-7, D-8] ...`. Skipped and todo tests cite nothing. */
export function citationsOf(fileName: string, source: string): string[] {
  const file = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const cited = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTestFunction(node.expression)) {
      for (const id of idsIn(titleOf(node.arguments[0]))) cited.add(id);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...cited];
}

/** `test`, `test.each(table)`, `describe.concurrent`, `test.for(seeds)` ...: a chain that begins with a test function. */
function isTestFunction(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return TEST_FUNCTIONS.has(callee.text);
  if (ts.isPropertyAccessExpression(callee)) {
    return !["skip", "todo"].includes(callee.name.text) && isTestFunction(callee.expression);
  }
  if (ts.isCallExpression(callee)) return isTestFunction(callee.expression);
  return ts.isTaggedTemplateExpression(callee) && isTestFunction(callee.tag);
}

function titleOf(argument: ts.Expression | undefined): string {
  if (argument === undefined) return "";
  if (ts.isStringLiteralLike(argument)) return argument.text;
  if (ts.isTemplateExpression(argument)) {
    return [argument.head, ...argument.templateSpans.map((span) => span.literal)]
      .map((part) => part.text)
      .join("?");
  }
  return "";
}

function idsIn(title: string): string[] {
  return firstGroups(title, CITATION).flatMap((list) => list.split(/\s*,\s*/));
}

function firstGroups(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];
}
