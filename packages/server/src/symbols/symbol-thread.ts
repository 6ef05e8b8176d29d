/** The thread that reads sources: loads grammars when they are first needed, parses, and lists what has a name. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type * as TreeSitter from "@vscode/tree-sitter-wasm";
import { answerQuestions } from "../thread/index.ts";
import { parserFile } from "./grammar-files.ts";
import type { Grammar } from "./grammar.ts";
import { symbolsOf } from "./outline.ts";
import type { Answer, Question } from "./symbols.ts";

// No bundler may take it in: it looks for its own program beside itself.
const { Language, Parser } = createRequire(import.meta.url)(parserFile("module")) as typeof TreeSitter;

const loaded = new Map<Grammar, TreeSitter.Language>();

await Parser.init({ locateFile: () => parserFile("program") });
const parser = new Parser();

async function languageOf(grammar: Grammar): Promise<TreeSitter.Language> {
  const known = loaded.get(grammar);
  if (known !== undefined) return known;
  const language = await Language.load(await readFile(parserFile(grammar)));
  loaded.set(grammar, language);
  return language;
}

answerQuestions(async ({ grammar, text }: Question): Promise<Answer> => {
  parser.setLanguage(await languageOf(grammar));
  const tree = parser.parse(text);
  if (tree === null) throw new Error(`A source in ${grammar} could not be parsed.`);
  try {
    return symbolsOf(grammar, tree.rootNode);
  } finally {
    tree.delete();
  }
});
