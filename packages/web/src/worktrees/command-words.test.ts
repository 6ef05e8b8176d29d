import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lineOf, wordsOf } from "./command-words.ts";

test("[W-2] a command is words between blanks; quotes and backslashes keep what they say", () => {
  expect(wordsOf("npm ci")).toEqual(["npm", "ci"]);
  expect(wordsOf(`  node -e "console.log('a b')" x\\ y '' `)).toEqual([
    "node",
    "-e",
    "console.log('a b')",
    "x y",
    "",
  ]);
  expect(wordsOf("sh -c 'a \\ b'")).toEqual(["sh", "-c", "a \\ b"]);
  expect(wordsOf("echo $HOME && rm *")).toEqual(["echo", "$HOME", "&&", "rm", "*"]);
});

test("[W-2] what is no command is none", () => {
  expect(["", "   ", 'say "half', "'", "'' x"].map(wordsOf)).toEqual(Array(5).fill(undefined));
});

test("[W-2] every command is read back from its line", () => {
  const words = fc
    .array(fc.string({ unit: "grapheme", maxLength: 8 }), { minLength: 1, maxLength: 5 })
    .filter(([first]) => first !== "");
  fc.assert(
    fc.property(words, (command) => {
      expect(wordsOf(lineOf(command))).toEqual(command);
    }),
  );
});
