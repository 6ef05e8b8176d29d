import { describe, expect, test } from "vitest";
import { findReplaced, replacedWords } from "./check-words.ts";

const VOCABULARY = `| word | meaning |
| --- | --- |
| desk | not this one |

## Words that were replaced

| word | say |
| --- | --- |
| desk, takeAway | access |
| Look again | Refresh |

## More
| film | x |
`;

describe("words that were replaced", () => {
  const replaced = replacedWords(VOCABULARY);

  test("are read from their own table", () => {
    expect(replaced).toEqual([
      { words: ["desk", "takeAway"], by: "access" },
      { words: ["Look again"], by: "Refresh" },
    ]);
  });

  test.each([
    ["class FileDesk {}", ["desk"]],
    ["const desk = 1; // desktop", ["desk"]],
    ["await takeAway(x); // what we take away", ["takeAway"]],
    ['label="Look again"', ["Look again"]],
    ["const desktop = film;", []],
    ["it looks again", []],
  ])("are found in %j: %j", (text, words) => {
    expect(findReplaced(text, replaced).map(({ word }) => word)).toEqual(words);
  });
});
