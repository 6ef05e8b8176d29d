import { systemClock } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { createJsonSchemas } from "./json-schemas.ts";

const schemas = createJsonSchemas(systemClock);
const point: JsonObject = {
  type: "object",
  properties: { x: { type: "integer" } },
  required: ["x"],
  additionalProperties: false,
};

describe("[R-2.2] a schema is checked before it is used", () => {
  test.each<[string, JsonObject, RegExp | undefined]>([
    ["plain", point, undefined],
    ["of 2020-12", { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{}] }, undefined],
    ["of draft 7", { $schema: "http://json-schema.org/draft-07/schema#", items: [{}] }, undefined],
    ["of draft 4", { $schema: "http://json-schema.org/draft-04/schema#" }, /neither/],
    ["with a $schema that is no text", { $schema: 7 }, /neither/],
    ["with an unknown type", { type: "integre" }, /type/],
    ["with a broken pattern", { pattern: "(" }, /regular expression/i],
    ["with a reference into itself", { $ref: "#/$defs/a", $defs: { a: { type: "null" } } }, undefined],
    ["with a reference to elsewhere", { $ref: "http://127.0.0.1:9/a.json" }, /resolve reference/],
    ["with words of its own", { type: "string", format: "mine", "x-mine": 1 }, undefined],
    ["that would answer later", { $async: true }, /async/],
  ])("[R-2.2] %s", async (_name, schema, problem) => {
    const found = await schemas.problemOf(schema);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });
});

describe("[R-2.2] an answer is read and validated", () => {
  test.each<[string, string[], unknown]>([
    ["that fits", ['{"x": 1}'], { value: { x: 1 } }],
    ["that fits in its second reading", ["Here: 1", '{"x": 2}'], { value: { x: 2 } }],
    ["that does not fit", ['{"x": "1"}'], { problem: "/x must be integer" }],
    ["with more than one thing wrong", ['{"y": 1}'], { problem: /required.*; .*additional/ }],
    ["that is no JSON", ["sorry"], { problem: /^it is not JSON: / }],
    ["that is JSON of which a part is none", ["sorry", '"x"'], { problem: "the value must be object" }],
    ["without any text", [], { problem: "it has no text" }],
    ["that is too long", [`{"x": 1}${" ".repeat(1024 * 1024)}`], { problem: /longer than 1048576/ }],
  ])("[R-2.2] %s", async (_name, texts, wanted) => {
    const verdict = await schemas.judge(point, texts);
    if (verdict.fits) return expect({ value: verdict.value }).toEqual(wanted);
    const { problem } = wanted as { problem: string | RegExp };
    if (typeof problem === "string") expect(verdict.problem).toBe(problem);
    else expect(verdict.problem).toMatch(problem);
  });

  test("[R-2.2, R-17.22] a schema in a schema, and one of lists, are held to the innermost value", async () => {
    const flock: JsonObject = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { birds: { type: "array", items: { type: "object", properties: { at: point } } } },
    };
    const value = { birds: [{ at: { x: 1 } }, {}] };
    expect(await schemas.judge(flock, [JSON.stringify(value)])).toEqual({ fits: true, value });
    expect(await schemas.judge(flock, ['{"birds": [{}, {"at": {"x": "1"}}]}'])).toMatchObject({
      problem: "/birds/1/at/x must be integer",
    });
  });

  test("[R-2.2] a pattern that never ends is given up, and others are answered meanwhile", async () => {
    const endless = schemas.judge({ pattern: "^(a+)+$" }, [JSON.stringify(`${"a".repeat(64)}!`)]);
    expect(await schemas.judge(point, ['{"x": 3}'])).toEqual({ fits: true, value: { x: 3 } });
    expect(await endless).toMatchObject({ fits: false, problem: expect.stringContaining("1 s") as string });
  });
});
