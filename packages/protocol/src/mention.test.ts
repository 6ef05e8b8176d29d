import { describe, expect, test } from "vitest";
import {
  canBeMentioned,
  fileLabel,
  isMentioned,
  linesOf,
  mentionsOf,
  mentionText,
  resourceMention,
  resourceMentionsOf,
  symbolMention,
} from "./mention.ts";
import type { FileSymbol } from "./symbol.ts";

describe("mentions of files", () => {
  test.each<[string, string[]]>([
    ["look at @src/a.ts and @b", ["src/a.ts!", "b"]],
    ["@src/a.ts:10-20, then @b.md:7.", ["src/a.ts:10-20!", "b.md:7-7!"]],
    ["is it in @src/a.ts? or @src/b.ts.", ["src/a.ts!", "src/b.ts!"]],
    ['(@"with blanks/a b.ts":3-4)', ["with blanks/a b.ts:3-4!"]],
    ["@./x @../y @~/z", ["./x!", "../y!", "~/z!"]],
    [
      "@types/node @Override @app.route('/') @/lib/button @user:name",
      ["types/node", "Override", "app.route", "/lib/button", "user"],
    ],
    ["me@example.com \\@src/a.ts x/@b.ts '@c.ts'", []],
    ["@ @. @.. @\"\" @@a.ts @'a.ts'", []],
    ["@app/[id]/page.tsx", ["app/[id]/page.tsx!"]],
    ["@a.ts:10-20-30 @a.ts:12x", ["a.ts!", "a.ts!"]],
    ["@a.ts\n@b.ts", ["a.ts!", "b.ts!"]],
  ])("[R-8.2] %j mentions %j", (text, expected) => {
    const shown = mentionsOf(text).map(({ path, lines, isPath }) =>
      [path, lines === undefined ? "" : `:${lines.start}-${lines.end}`, isPath ? "!" : ""].join(""),
    );
    expect(shown).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ["see @src/a.ts#Lane.claim, and @src/b.rs#open.", ["src/a.ts#Lane.claim!", "src/b.rs#open!"]],
    ["@a.ts#open() @a.ts#Lane.#held @a.ts#$x", ["a.ts#open!", "a.ts#Lane.#held!", "a.ts#$x!"]],
    ['(@"a b.ts"#open) @"a b.ts"#open:10 @"a b.ts"#10:10', ["a b.ts#open!", "a b.ts#open!", "a b.ts#10!"]],
    ["@a.ts#Größe: nothing", ["a.ts#Größe!"]],
    ["@docs/C#/x.cs @docs/C#/x.ts#open", ["docs/C#/x.cs!", "docs/C#/x.ts#open!"]],
    [
      "@README.md#how-to-start @a.ts# @#open @pull#12",
      ["README.md#how-to-start", "a.ts#", "#open", "pull#12"],
    ],
    [`@a.ts${"#".repeat(4_000)}b`, [`a.ts${"#".repeat(4_000)}b`]],
  ])("[R-8.3] %j mentions %j", (text, expected) => {
    const shown = mentionsOf(text).map(({ path, symbol, lines, isPath }) => {
      expect(lines).toBeUndefined();
      return [path, symbol === undefined ? "" : `#${symbol}`, isPath ? "!" : ""].join("");
    });
    expect(shown).toEqual(expected);
    for (const { text: source } of mentionsOf(text))
      expect(text.slice(source.start, source.end)).toBe(source.value);
  });

  test("[R-8.3] a symbol is mentioned so that it alone is meant, else by its lines", () => {
    const at = (name: string, line: number): FileSymbol => ({
      name,
      kind: 12,
      range: { start: { line, character: 0 }, end: { line: line + 3, character: 0 } },
    });
    const symbols = [at("open", 0), at("Lane.fmt", 4), at("Lane.fmt", 8), at('"odd name"', 12)];
    const shown = symbols.map((symbol) => symbolMention("a.ts", symbol, symbols));
    expect(shown).toEqual(["@a.ts#open", "@a.ts:5-7", "@a.ts:9-11", "@a.ts:13-15"]);
    for (const path of ["a b.ts", "C#.ts"])
      expect(symbolMention(path, at("open", 0), symbols)).toBe(`@"${path}"#open`);
  });

  test("[R-8.2] the words of a mention are the range that it names", () => {
    const text = 'see (@src/a.ts:1-2) and @"a b". Then @c.ts.';
    const mentions = mentionsOf(text);
    expect(mentions.map(({ text: { value } }) => value)).toEqual(["@src/a.ts:1-2", '@"a b"', "@c.ts"]);
    for (const { text: source } of mentions) expect(text.slice(source.start, source.end)).toBe(source.value);
  });

  test.each([
    "a.ts",
    "src/app/[id]/x-y_z.tsx",
    "a b.ts",
    "app/(group)/page.tsx",
    "odd:name.ts",
    "ends.",
    "ä.md",
  ])("[R-8.2] %s is mentioned so that it is read back", (path) => {
    expect(mentionsOf(`see ${mentionText(path)}, now`).map((mention) => mention.path)).toEqual([path]);
  });

  test("[R-8.2] a path that would end its own mention cannot be one", () => {
    expect(["a b.ts", 'a"b.ts', "a\nb.ts"].map(canBeMentioned)).toEqual([true, false, false]);
  });

  test("[R-8.2] a part that was mentioned is known by its words", () => {
    const file = (value: string) => ({
      type: "file" as const,
      mime: "text/plain",
      url: "file:///a",
      source: { type: "file" as const, path: "a", text: { value, start: 0, end: value.length } },
    });
    const agent = { type: "agent" as const, name: "a" };
    const source = { value: "@a", start: 0, end: 2 };
    const parts = [
      file("@a"),
      file("the file"),
      agent,
      { ...agent, source },
      { type: "text" as const, text: "@a" },
    ];
    expect(parts.map(isMentioned)).toEqual([true, false, false, true, false]);
  });

  test("[R-8.2] many signs of a mention are read in one pass", () => {
    const text = `${"@".repeat(50_000)} ${" @a".repeat(50_000)} @"${"x".repeat(50_000)}`;
    expect(mentionsOf(text)).toHaveLength(50_000);
  });
});

test.each<[string, ReturnType<typeof linesOf>, string]>([
  ["file:///w/src/a.ts?start=10&end=20", { start: 10, end: 20 }, "src/a.ts:10-20"],
  ["file:///w/src/a.ts?start=10&end=10", { start: 10, end: 10 }, "src/a.ts:10"],
  ["file:///w/src/a.ts?start=10", { start: 10 }, "src/a.ts:10"],
  ["file:///w/src/a.ts", undefined, "src/a.ts"],
  ["https://example.test/a.ts?start=10", undefined, "src/a.ts"],
])("[R-8.2] %s is shown with its lines", (url, lines, label) => {
  expect(linesOf(url)).toEqual(lines);
  expect(fileLabel({ url, filename: "src/a.ts" })).toBe(label);
});

describe("mentions of resources", () => {
  test.each<[string, string[]]>([
    [
      "see @mcp://docs/config://app, and (@mcp://n-1/file:///a/b.md#x).",
      ["docs config://app", "n-1 file:///a/b.md#x"],
    ],
    ['@"mcp://docs/memo://a b" @mcp://docs/memo://(a)?q=1', ["docs memo://a b", "docs memo://(a)?q=1"]],
    ["@mcp://docs @mcp://docs/ @mcp:///x @mcp://1/x mcp://docs/x \\@mcp://docs/x a@mcp://docs/x", []],
    [`@mcp://docs/a${".".repeat(4_000)}`, ["docs a"]],
  ])("[R-8.4] %j mentions %j", (text, expected) => {
    const found = resourceMentionsOf(text);
    expect(found.map(({ server, uri }) => `${server} ${uri}`)).toEqual(expected);
    for (const { text: source } of found) expect(text.slice(source.start, source.end)).toBe(source.value);
    expect(mentionsOf(text)).toEqual([]);
  });

  test.each([
    ["memo://a", "@mcp://docs/memo://a"],
    ["memo://a b", '@"mcp://docs/memo://a b"'],
    ["memo://(a)", '@"mcp://docs/memo://(a)"'],
    ["memo://a.", '@"mcp://docs/memo://a."'],
    ['memo://a"b c', undefined],
  ])("[R-8.4] %s is mentioned so that it is read back", (uri, words) => {
    expect(resourceMention("docs", uri)).toBe(words);
  });

  test("[R-8.4] a part of a resource is shown by its URI", () => {
    const text = { value: "@mcp://docs/memo://a", start: 0, end: 20 };
    const source = { type: "resource" as const, clientName: "docs", uri: "memo://a", text };
    const part = { type: "file" as const, mime: "text/plain", url: `blob:${"0".repeat(64)}`, source };
    expect(fileLabel(part)).toBe("memo://a");
    expect(isMentioned(part)).toBe(true);
  });
});

test("[R-8.3] a part of a symbol is shown with its name", () => {
  const text = { value: "@a.ts#open", start: 0, end: 10 };
  const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 1 } };
  const source = { type: "symbol" as const, path: "src/a.ts", name: "Lane.open", kind: 6, range, text };
  const part = { type: "file" as const, mime: "text/plain", url: "file:///w/src/a.ts?start=2&end=3", source };
  expect(fileLabel(part)).toBe("src/a.ts#Lane.open");
  expect(isMentioned(part)).toBe(true);
});

test.each([
  ["blob:0123", "file"],
  ["file:///w/src/a%20b.ts", "a%20b.ts"],
  ["https://example.test/pictures/?x=1", "pictures"],
])("[R-8.2] %s without a name is called %s", (url, label) => {
  expect(fileLabel({ url })).toBe(label);
});
