import { describe, expect, test } from "vitest";
import { best } from "./find.ts";

const titles = ["Settings", "New session", "Fix the session list", "Inbox"];
const found = (words: string) => best(titles, (title) => title, words, 10);

describe("the palette's search", () => {
  test.each([
    ["", titles],
    ["ses", ["New session", "Fix the session list"]],
    ["list ses", ["Fix the session list"]],
    ["box", ["Inbox"]],
    ["nothing", []],
  ])("[I-16] %j finds %j", (words, expected) => {
    expect(found(words)).toEqual(expected);
  });

  test("[I-16] shows no more than asked for", () => {
    expect(best(titles, (title) => title, "", 2)).toEqual(["Settings", "New session"]);
  });
});
