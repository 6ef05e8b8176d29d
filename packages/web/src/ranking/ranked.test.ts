import { describe, expect, test } from "vitest";
import { ranked } from "./ranked.ts";

const titles = [
  "Settings",
  "New session",
  "Fix the session list",
  "Inbox",
  "Über uns",
  "Починить парсер",
  "直す",
];
const found = (words: string) => ranked(titles, (title) => title, words);

describe("[I-16] what a few letters find", () => {
  test.each([
    ["", titles],
    [" ", titles],
    ["ses", ["New session", "Fix the session list", "Settings"]],
    ["session", ["New session", "Fix the session list"]],
    ["list ses", ["Fix the session list"]],
    ["set", ["Settings", "Fix the session list"]],
    ["box", ["Inbox"]],
    ["nsn", ["New session"]],
    ["uber", ["Über uns"]],
    ["парс", ["Починить парсер"]],
    ["直", ["直す"]],
    [".*", []],
    ["nothing", []],
  ])("%j finds %j", (words, expected) => {
    expect(found(words)).toEqual(expected);
  });
});
