import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** What the programs start with: the commands, the page, and threads, which are named by a URL and not imported. */
const PROGRAMS = ["packages/*/src/main.{ts,tsx}", "packages/*/src/**/*-{thread,worker,module}.ts"];

/** `names` of values that an import takes from a module; `undefined` stands for all of them. */
type Import = { from: string; names: string[] | undefined };
type Module = {
  imports: Import[];
  own: Set<string>;
  named: Map<string, { from: string; name: string }>;
  stars: string[];
};

/**
 * Which modules of the packages a program runs: one that runs imports a value of theirs, whatever doors and `export *` lie between. A module
 * that only its own tests import does not run. Paths are relative to `root`.
 */
export class RunCode {
  readonly #root: string;
  readonly #modules = new Map<string, Module | undefined>();
  readonly #run = new Set<string>();

  constructor(root: string) {
    this.#root = root;
    const waiting = globSync(PROGRAMS, { cwd: root, exclude: ["**/node_modules/**", "**/*.test.ts"] });
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (this.#run.has(path)) continue;
      this.#run.add(path);
      for (const { target, definers } of this.#imports(path)) waiting.push(target, ...definers);
    }
  }

  has(path: string): boolean {
    return this.#run.has(path);
  }

  /** The modules of packages that define what a file imports; types do not count. */
  importedBy(path: string): string[] {
    return this.#imports(path).flatMap(({ definers }) => definers);
  }

  /** Where each import of a file leads: the module that it names, and the modules behind it that define the values. */
  #imports(path: string): { target: string; definers: string[] }[] {
    return (this.#read(path)?.imports ?? []).flatMap(({ from, names }) => {
      const target = this.#resolve(path, from);
      if (target === undefined) return [];
      const definers = names?.flatMap((name) => this.#definer(target, name) ?? []) ?? this.#allOf(target);
      return [{ target, definers }];
    });
  }

  /** The module behind the doors that defines a name. */
  #definer(path: string, name: string): string | undefined {
    const module = this.#read(path);
    if (module === undefined || module.own.has(name)) return module && path;
    const named = module.named.get(name);
    const doors = named === undefined ? module.stars.map((from) => ({ from, name })) : [named];
    for (const door of doors) {
      const target = this.#resolve(path, door.from);
      const found = target === undefined ? undefined : this.#definer(target, door.name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #allOf(path: string): string[] {
    const module = this.#read(path);
    const named = [...(module?.named.keys() ?? [])].flatMap((name) => this.#definer(path, name) ?? []);
    const starred = (module?.stars ?? []).flatMap((from) => {
      const target = this.#resolve(path, from);
      return target === undefined ? [] : this.#allOf(target);
    });
    return [path, ...named, ...starred];
  }

  #resolve(importer: string, specifier: string): string | undefined {
    if (specifier.startsWith(".")) return join(dirname(importer), specifier);
    const name = /^@holdfast\/(\w+)$/.exec(specifier)?.[1];
    const manifest = join(this.#root, `packages/${name}/package.json`);
    if (name === undefined || !existsSync(manifest)) return undefined;
    const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { exports?: { "."?: string } };
    return join("packages", name, exports?.["."] ?? "src/index.ts");
  }

  #read(path: string): Module | undefined {
    if (!this.#modules.has(path)) {
      const file = join(this.#root, path);
      this.#modules.set(path, existsSync(file) ? moduleOf(path, readFileSync(file, "utf8")) : undefined);
    }
    return this.#modules.get(path);
  }
}

function moduleOf(path: string, source: string): Module {
  const module: Module = { imports: [], own: new Set(), named: new Map(), stars: [] };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) addImport(module, node);
    else if (ts.isExportDeclaration(node)) addExports(module, node);
    else if (ts.canHaveModifiers(node) && isExported(node))
      for (const name of declared(node)) module.own.add(name);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments;
      if (from !== undefined && ts.isStringLiteralLike(from))
        module.imports.push({ from: from.text, names: undefined });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, false));
  return module;
}

function addImport({ imports }: Module, node: ts.ImportDeclaration): void {
  const clause = node.importClause;
  const from = (node.moduleSpecifier as ts.StringLiteral).text;
  if (clause === undefined) imports.push({ from, names: undefined });
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return;
  const bindings = clause.namedBindings;
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) imports.push({ from, names: undefined });
  const values = (
    bindings === undefined || ts.isNamespaceImport(bindings) ? [] : [...bindings.elements]
  ).filter((element) => !element.isTypeOnly);
  const names = values.map(({ name, propertyName }) => (propertyName ?? name).text);
  imports.push({ from, names: clause.name === undefined ? names : [...names, "default"] });
}

function addExports(module: Module, node: ts.ExportDeclaration): void {
  const clause = node.exportClause;
  const from = (node.moduleSpecifier as ts.StringLiteral | undefined)?.text;
  if (clause === undefined) module.stars.push(from ?? "");
  if (clause === undefined || !ts.isNamedExports(clause)) return;
  for (const { name, propertyName } of clause.elements) {
    if (from === undefined) module.own.add(name.text);
    else module.named.set(name.text, { from, name: (propertyName ?? name).text });
  }
}

const isExported = (node: ts.HasModifiers): boolean =>
  ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;

function declared(node: ts.Node): string[] {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => (name as ts.Identifier).text);
  const name = (node as ts.NamedDeclaration).name;
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : ["default"];
}
