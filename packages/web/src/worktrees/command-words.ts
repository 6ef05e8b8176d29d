/**
 * A command as one line, for people: words between blanks; quotes keep a blank inside a word, a backslash takes the next character as it is. No shell
 * reads it: nothing else has a meaning. Pure.
 */

/** The words of a line; undefined when a quote is not closed or nothing is there. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? "";
    const isEscape = char === "\\" && quote !== "'";
    if (isEscape) word = `${word ?? ""}${line[(at += 1)] ?? ""}`;
    else if (quote !== "") {
      if (char === quote) quote = "";
      else word = `${word ?? ""}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${char}`;
  }
  if (word !== undefined) words.push(word);
  return quote !== "" || words.length === 0 || words[0] === "" ? undefined : words;
}

/** The line that `wordsOf` reads back. */
export const lineOf = (words: readonly string[]): string => words.map(quoted).join(" ");

function quoted(word: string): string {
  if (/^[^\s"'\\]+$/.test(word)) return word;
  return `"${word.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`;
}
