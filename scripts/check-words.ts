/**
 * `npm run check:words [root]`: what the vocabulary replaced (`spec/vocabulary.md`, "Words that were replaced") does not come back into the
 * sources of packages: a plain word also as a part of a name (`fileDesk` has `desk`), everything else as it is written.
 */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const SOURCES = ["packages/*/src/**/*.ts", "packages/*/src/**/*.tsx"];
const HEADING = "## Words that were replaced";

export type Replaced = { words: readonly string[]; by: string };

/** The rows of the table under the heading: `| desk, meeting | what is said now |`. */
export function replacedWords(vocabulary: string): Replaced[] {
  const table = vocabulary.split(HEADING)[1]?.split("\n## ")[0] ?? "";
  return [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)]
    .map(([, words = "", by = ""]) => ({ words: words.split(", "), by }))
    .filter(({ words }) => words[0] !== "word" && !/^-+$/.test(words[0] ?? ""));
}

/** Lower-case words of a text, those that make up a name too. */
const wordsOf = (text: string): string =>
  ` ${text
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[^A-Za-z]+/g, " ")
    .toLowerCase()} `;

/** Line numbers, from 1, with the word that stands there. */
export function findReplaced(
  text: string,
  replaced: readonly Replaced[],
): { line: number; word: string; by: string }[] {
  return text.split("\n").flatMap((line, at) => {
    const words = wordsOf(line);
    return replaced.flatMap(({ words: old, by }) =>
      old
        .filter((word) => (/^[a-z]+$/.test(word) ? words.includes(` ${word} `) : line.includes(word)))
        .map((word) => ({ line: at + 1, word, by })),
    );
  });
}

function checkWords(root: string): number {
  const replaced = replacedWords(readFileSync(join(root, "spec/vocabulary.md"), "utf8"));
  let found = 0;
  const paths = globSync(SOURCES, { cwd: root, exclude: ["**/node_modules/**", "**/*.test.ts"] });
  for (const path of paths)
    for (const { line, word, by } of findReplaced(readFileSync(join(root, path), "utf8"), replaced)) {
      found += 1;
      console.error(`${path}:${line} has "${word}"; say ${by}`);
    }
  console.log(`words: ${replaced.length} rows, ${paths.length} files, ${found} found`);
  return found > 0 || replaced.length === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = checkWords(resolve(process.argv[2] ?? "."));
