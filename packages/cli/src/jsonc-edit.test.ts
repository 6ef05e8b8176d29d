import * as fc from "fast-check";
import { parse } from "jsonc-parser";
import { describe, expect, test } from "vitest";
import { setMember } from "./jsonc-edit.ts";

describe("[I-12] comments survive edits", () => {
  const text = '{\n  // mine\n  "port": 1, // the port\n  /* tail */\n}\n';

  test.each<[string, string, unknown, string]>([
    ["replaces a value", "port", 2, '{\n  // mine\n  "port": 2, // the port\n  /* tail */\n}\n'],
    [
      "appends behind everything",
      "agent",
      "a",
      '{\n  // mine\n  "port": 1, // the port\n  /* tail */\n  "agent": "a"\n}\n',
    ],
    ["removes only the member", "port", undefined, "{\n  // mine\n   // the port\n  /* tail */\n}\n"],
    ["removes nothing", "agent", undefined, text],
  ])("[I-12] %s", (_name, key, value, after) => {
    expect(setMember(text, key, value)).toBe(after);
  });

  test.each<[string, string, unknown, string]>([
    ["{}", "a", 1, '{\n  "a": 1\n}'],
    ['{ "b": 1 }', "a", 2, '{ "b": 1,\n  "a": 2\n}'],
    ['{\r\n  "b": 1 // x\r\n}', "a", 2, '{\r\n  "b": 1, // x\r\n  "a": 2\r\n}'],
    ['{\n  "a": 1,\n  "b": 2\n}', "b", undefined, '{\n  "a": 1\n}'],
    ['{\n  "a": 1,\n  "b": 2\n}', "a", undefined, '{\n  "b": 2\n}'],
    ["// nothing yet\n", "a", 1, '// nothing yet\n{\n  "a": 1\n}\n'],
  ])("[I-12] %j with %s = %j", (before, key, value, after) => {
    expect(setMember(before, key, value)).toBe(after);
  });

  test("[I-12] any sequence of edits keeps every comment and says what was set", () => {
    // The parser that reads it back makes a prototype of a member with this name; no setting is called so.
    const value = fc.jsonValue({ maxDepth: 1 }).filter((each) => !JSON.stringify(each).includes("__proto__"));
    const edit = fc.record({
      key: fc.constantFrom("a", "b", "c"),
      value: fc.option(value, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        let text = '{\n  // one\n  "a": 1, // two\n  /* three */ "b": [2] // four\n  // five\n}\n';
        const wanted: Record<string, unknown> = { a: 1, b: [2] };
        for (const { key, value } of edits) {
          text = setMember(text, key, value);
          if (value === undefined) delete wanted[key];
          else wanted[key] = value;
        }
        const errors: never[] = [];
        expect(JSON.stringify(sorted(parse(text, errors, { allowTrailingComma: true })))).toBe(
          JSON.stringify(sorted(wanted)),
        );
        expect(errors).toEqual([]);
        for (const comment of ["// one", "// two", "/* three */", "// four", "// five"])
          expect(text).toContain(comment);
      }),
    );
  });
});

const sorted = (value: unknown) => Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1));
