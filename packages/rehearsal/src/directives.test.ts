import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Directive,
  MAX_OUTPUT_BYTES,
  MAX_SLOW_WORDS,
  MAX_UPDATE_BYTES,
  MAX_UPDATES,
  parseDirectives,
} from "./directives.ts";

const table: readonly (readonly [line: string, directive: Directive])[] = [
  ["SAY hello there", { kind: "say", text: "hello there" }],
  ["SAY", { kind: "say", text: "" }],
  ["LATER {}", { kind: "later", text: "{}" }],
  ["SLOW 200 0", { kind: "slow", words: 200, intervalMs: 0 }],
  ["THINK hard", { kind: "think", text: "hard" }],
  ["PLAN look | cut|sew", { kind: "plan", entries: ["look", "cut", "sew"] }],
  ["READ a file.txt", { kind: "read", path: "a file.txt" }],
  ['READ "a file.txt"', { kind: "read", path: "a file.txt" }],
  ["WRITE a.html <b>bold</b> text", { kind: "write", path: "a.html", text: "<b>bold</b> text" }],
  ['WRITE "a b.txt" two  words', { kind: "write", path: "a b.txt", text: "two  words" }],
  ["WRITE empty.txt", { kind: "write", path: "empty.txt", text: "" }],
  ["BASH echo hi && ls", { kind: "bash", command: "echo hi && ls" }],
  ["CALL words__tell", { kind: "call", server: "words", tool: "tell", args: {} }],
  [
    'CALL my_words__tell__all {"name": "x"}',
    { kind: "call", server: "my_words", tool: "tell__all", args: { name: "x" } },
  ],
  ["OUTPUT 2048", { kind: "output", bytes: 2048 }],
  ["UPDATES 10000", { kind: "updates", count: 10_000, bytes: 64 }],
  ["UPDATES 3 9", { kind: "updates", count: 3, bytes: 9 }],
  ["SPAWN", { kind: "spawn" }],
  ["ASK really?", { kind: "ask", text: "really?" }],
  [
    "ASKFORM Which port? | port!: integer 1..9 | name: text | ok: boolean | one: one a, b | some: many 1..2 a, b",
    {
      kind: "askform",
      message: "Which port?",
      schema: {
        type: "object",
        properties: {
          port: { type: "integer", minimum: 1, maximum: 9 },
          name: { type: "string" },
          ok: { type: "boolean" },
          one: { type: "string", enum: ["a", "b"] },
          some: { type: "array", items: { type: "string", enum: ["a", "b"] }, minItems: 1, maxItems: 2 },
        },
        required: ["port"],
      },
    },
  ],
  [
    "ASKURL https://example.org/a Log in.",
    { kind: "askurl", url: "https://example.org/a", message: "Log in.", done: false },
  ],
  [
    "ASKURL https://example.org DONE",
    { kind: "askurl", url: "https://example.org", message: "DONE", done: true },
  ],
  ["REMEMBER kiwi please", { kind: "remember", word: "kiwi", silent: false }],
  ["RECALL", { kind: "recall" }],
  ["GIVEN", { kind: "given" }],
  ["ATTACH audio beep beep", { kind: "attach", form: "audio", text: "beep beep" }],
  ["FAIL 429 slow down", { kind: "fail", status: 429, text: "slow down" }],
  ["FAIL 4290 birds", { kind: "fail", status: 500, text: "4290 birds" }],
  [
    'FAIL 429 {"text":"slow","headers":{"retry-after":"3"},"body":{"error":{}}}',
    { kind: "fail", status: 429, text: "slow", headers: { "retry-after": "3" }, body: { error: {} } },
  ],
  ["FAIL 400 {no json", { kind: "fail", status: 400, text: "{no json" }],
  ["FAIL out of ink", { kind: "fail", status: 500, text: "out of ink" }],
  ["RETRY 2000 slow down", { kind: "retry", delayMs: 2000, text: "slow down" }],
  ["LIMIT 5 no more", { kind: "fail", status: 429, text: "no more", headers: { "retry-after-ms": "5" } }],
  [
    "LIMIT 86400000",
    { kind: "fail", status: 429, text: "usage limit reached", headers: { "retry-after-ms": "86400000" } },
  ],
  ["COMPACT in short: birds", { kind: "compact", text: "in short: birds" }],
  ["COMPACT", { kind: "compact", text: "what was said before, in short" }],
  ["RETRY 5", { kind: "retry", delayMs: 5, text: "overloaded" }],
  ["STEER injected", { kind: "steer", answer: "injected", text: "" }],
  ["STEER failed no room", { kind: "steer", answer: "failed", text: "no room" }],
  [
    "WAKE go.txt SAY awake ; WRITE a.txt b",
    {
      kind: "wake",
      on: "go.txt",
      work: [
        { kind: "say", text: "awake" },
        { kind: "write", path: "a.txt", text: "b" },
      ],
    },
  ],
  ["HANG", { kind: "hang" }],
  ["DEAF", { kind: "deaf" }],
  ["CRASH", { kind: "crash" }],
  ["SAYING nothing", { kind: "echo", text: "SAYING nothing" }],
  ["say nothing", { kind: "echo", text: "say nothing" }],
  [" SAY indented", { kind: "echo", text: " SAY indented" }],
  ["constructor", { kind: "echo", text: "constructor" }],
];

const malformed = [
  "SLOW",
  "SLOW 3",
  "RETRY",
  "LIMIT",
  "LIMIT 86400001",
  "RETRY soon",
  "RETRY 86400001",
  "STEER",
  "STEER perhaps",
  "WAKE",
  "WAKE now",
  "SLOW x 1",
  "SLOW 1 2 3",
  `SLOW ${MAX_SLOW_WORDS + 1} 0`,
  "SLOW 1 600001",
  "OUTPUT",
  "OUTPUT -1",
  "OUTPUT 1e3",
  `OUTPUT ${MAX_OUTPUT_BYTES + 1}`,
  "UPDATES",
  "UPDATES 0",
  "UPDATES 5 x",
  "UPDATES 1 2 3",
  `UPDATES ${MAX_UPDATES + 1}`,
  `UPDATES 1 ${MAX_UPDATE_BYTES + 1}`,
  "ASKFORM",
  "ASKFORM which?",
  "ASKFORM which? | port",
  "ASKFORM which? | port: port",
  "ASKFORM which? | port: one",
  "ASKFORM which? | port: text a, b",
  "ASKURL",
  "PLAN | |",
  "READ",
  "WRITE",
  "BASH  ",
  "CALL",
  "CALL tell",
  "CALL words__",
  "CALL words__tell [1]",
  "REMEMBER",
];

describe("parseDirectives", () => {
  test.each(table)("[A-2] %s", (line, directive) => {
    expect(parseDirectives(line)).toEqual([directive]);
    expect(parseDirectives(`\r\n${line}\r\n\r\nRECALL`)).toEqual([directive, { kind: "recall" }]);
  });

  test.each(malformed)("[A-2] a malformed directive is refused with its line: %s", (line) => {
    expect(parseDirectives(line)).toEqual([
      { kind: "invalid", line, reason: expect.stringMatching(/ needs | takes at most /) as string },
    ]);
  });

  test("[A-2] directives keep the order of their lines, and lines between them become one echo", () => {
    expect(parseDirectives("SAY a\nhello\nworld\nSAY b")).toEqual([
      { kind: "say", text: "a" },
      { kind: "echo", text: "hello\nworld" },
      { kind: "say", text: "b" },
    ]);
    expect(parseDirectives(" \n\n")).toEqual([]);
  });

  test("[A-6] context blocks are ignored, but what they remember counts, in its place", () => {
    const prompt = [
      '<holdfast-handoff version="1">',
      "SAY not mine",
      "REMEMBER kiwi",
      "user: REMEMBER plum",
      "</holdfast-handoff>RECALL",
      "<system-reminder>CRASH</system-reminder>",
      "a reminder: <env>",
      "HANG",
      "</env>",
      "SAY done",
    ].join("\n");
    expect(parseDirectives(prompt)).toEqual([
      { kind: "remember", word: "kiwi", silent: true },
      { kind: "remember", word: "plum", silent: true },
      { kind: "recall" },
      { kind: "echo", text: "a reminder:" },
      { kind: "say", text: "done" },
    ]);
  });

  test("[A-2] same-named blocks nest, and a tag that is never closed is text", () => {
    expect(parseDirectives("<a>\n<a>\nSAY x\n</a>\nSAY y\n</a>\nSAY z")).toEqual([
      { kind: "say", text: "z" },
    ]);
    expect(parseDirectives("<br>\nSAY x\n</p>")).toEqual([
      { kind: "echo", text: "<br>" },
      { kind: "say", text: "x" },
      { kind: "echo", text: "</p>" },
    ]);
  });

  test("[A-2] every text parses, and wrapping it in a block silences all but REMEMBER", () => {
    const line = fc.oneof(
      fc.constantFrom(...table.map(([text]) => text), ...malformed, "<a>", "</a>", "<b x='1'>", "</b>", ""),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const text = lines.join("\n");
        parseDirectives(text);
        const kinds = new Set(
          parseDirectives(`<wrapped-once>\n${text}\n</wrapped-once>`).map(({ kind }) => kind),
        );
        kinds.delete("remember");
        expect([...kinds]).toEqual([]);
      }),
    );
  });

  test("[A-2] hostile tags cost linear time", () => {
    const many = "<a>\n".repeat(50_000) + "<b> ".repeat(50_000) + " ".repeat(200_000) + "<c>";
    // In quadratic time this does not end before the test's limit.
    expect(parseDirectives(many)).toHaveLength(1);
  });
});
