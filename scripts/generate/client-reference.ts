/** `docs/client-reference.md`: every export of `@holdfast/client` and its further doors, with its signature and its doc comment, from the sources. */
import { join } from "node:path";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = "@holdfast/client";
/** What others import -> its source. */
const DOORS = {
  [MAIN]: join(ROOT, "packages/client/src/index.ts"),
  [`${MAIN}/node`]: join(ROOT, "packages/client/src/node/index.ts"),
  [`${MAIN}/rpc`]: join(ROOT, "packages/client/src/rpc/index.ts"),
};
const PROTOCOL = join(ROOT, "packages/protocol/src/index.ts");

export function clientReference(note: string): string {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.base.json"), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram([...Object.values(DOORS), PROTOCOL], {
    ...options,
    noEmit: true,
    composite: false,
  });
  const checker = program.getTypeChecker();
  const exportsOf = (file: string) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} exports nothing.`);
    return checker.getExportsOfModule(module);
  };
  const exported = Object.entries(DOORS).flatMap(([door, file]) =>
    exportsOf(file).map((symbol) => ({ door, symbol })),
  );
  const names = namesOfTypes(checker, [...exportsOf(PROTOCOL), ...exported.map(({ symbol }) => symbol)]);
  const sections = exported
    .toSorted((a, b) => (a.symbol.name < b.symbol.name ? -1 : 1))
    .map(({ door, symbol }) => sectionOf(checker, { door, symbol }, names));
  const intro =
    "How they are used is in [client.md](client.md). Types that are named and not shown here are exports of `@holdfast/protocol`. What is from another door than `@holdfast/client` says so.";
  return `# Every export of @holdfast/client\n\n${note}${intro}\n\n${sections.join("\n\n")}\n`;
}

/** What inferred types are called: by their own name, or by the schema that reads them. */
function namesOfTypes(checker: ts.TypeChecker, exported: ts.Symbol[]): Map<ts.Type, string> {
  const names = new Map<ts.Type, string>();
  for (const symbol of exported) {
    const origin = resolved(checker, symbol);
    const declaration = origin.declarations?.[0];
    if (declaration === undefined || !ts.isVariableDeclaration(declaration)) continue;
    const output = checker.getTypeOfSymbol(origin).getProperty("_output");
    if (output !== undefined) names.set(checker.getTypeOfSymbol(output), `z.infer<typeof ${symbol.name}>`);
  }
  for (const symbol of exported) {
    const origin = resolved(checker, symbol);
    if ((origin.flags & ts.SymbolFlags.TypeAlias) !== 0)
      names.set(checker.getDeclaredTypeOfSymbol(origin), symbol.name);
  }
  return names;
}

function sectionOf(
  checker: ts.TypeChecker,
  { door, symbol }: { door: string; symbol: ts.Symbol },
  names: Map<ts.Type, string>,
): string {
  const origin = resolved(checker, symbol);
  const declaration = origin.declarations?.[0];
  if (declaration === undefined) throw new Error(`${symbol.name} is declared nowhere.`);
  const isClient = symbol.name === "HoldfastClient";
  const signature = isClient ? "" : `\n\n\`\`\`ts\n${signatureOf(checker, declaration, names)}\n\`\`\``;
  const methods = isClient ? methodsOf(checker, origin, names) : [];
  const from = door === MAIN ? "" : `From \`${door}\`.`;
  return [`## ${symbol.name}${signature}`, from, docOf(checker, origin), ...methods]
    .filter((text) => text !== "")
    .join("\n\n");
}

function methodsOf(checker: ts.TypeChecker, client: ts.Symbol, names: Map<ts.Type, string>): string[] {
  return checker
    .getDeclaredTypeOfSymbol(client)
    .getProperties()
    .map((method) => {
      const signature = checker.getTypeOfSymbol(method).getCallSignatures()[0];
      if (signature === undefined) throw new Error(`${method.name} is not a method.`);
      return [
        `### ${method.name}\n\n\`\`\`ts\n${method.name}${callOf(checker, signature, names)}\n\`\`\``,
        docOf(checker, method),
      ]
        .filter((text) => text !== "")
        .join("\n\n");
    });
}

/** A declaration as it is written, without what it does. */
function signatureOf(
  checker: ts.TypeChecker,
  declaration: ts.Declaration,
  names: Map<ts.Type, string>,
): string {
  if (ts.isFunctionDeclaration(declaration)) {
    const signature = checker.getSignatureFromDeclaration(declaration);
    return `function ${declaration.name?.text ?? ""}${signature ? callOf(checker, signature, names) : ""}`;
  }
  if (ts.isClassDeclaration(declaration)) {
    const members = declaration.members.map((member) => `  ${withoutBody(member)};`);
    const heritage = declaration.heritageClauses?.map((clause) => ` ${clause.getText()}`).join("") ?? "";
    return `class ${declaration.name?.text ?? ""}${heritage} {\n${members.join("\n")}\n}`;
  }
  if (!ts.isVariableDeclaration(declaration)) return declaration.getText().replace(/^export /, "");
  const { initializer } = declaration;
  const signature =
    initializer && ts.isArrowFunction(initializer)
      ? checker.getSignatureFromDeclaration(initializer)
      : undefined;
  if (signature === undefined) return `const ${declaration.getText()}`;
  return `function ${declaration.name.getText()}${callOf(checker, signature, names)}`;
}

function withoutBody(member: ts.ClassElement): string {
  const body = (member as Partial<ts.MethodDeclaration>).body;
  const text = member.getText();
  return (body === undefined ? text : text.slice(0, text.length - body.getText().length))
    .trim()
    .replace(/;$/, "");
}

function callOf(checker: ts.TypeChecker, signature: ts.Signature, names: Map<ts.Type, string>): string {
  const declaration = signature.getDeclaration();
  const parameters = declaration.parameters.map((parameter) => oneLine(parameter.getText())).join(", ");
  const type =
    declaration.type === undefined
      ? nameOf(checker, signature.getReturnType(), names)
      : declaration.type.getText();
  return `(${parameters}): ${oneLine(type)}`;
}

function nameOf(checker: ts.TypeChecker, type: ts.Type, names: Map<ts.Type, string>): string {
  const [inner] = type.symbol?.name === "Promise" ? checker.getTypeArguments(type as ts.TypeReference) : [];
  if (inner !== undefined) return `Promise<${nameOf(checker, inner, names)}>`;
  return names.get(type) ?? checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
}

const oneLine = (text: string): string => text.replaceAll(/\/\*\*.*?\*\/\s*/gs, "").replaceAll(/\s+/g, " ");

const docOf = (checker: ts.TypeChecker, symbol: ts.Symbol): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker));

const resolved = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
