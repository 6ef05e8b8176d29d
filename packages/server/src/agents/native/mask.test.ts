import { expect, test } from "vitest";
import { deepMask } from "./mask.ts";

const KEY = "sk-0123456789abcdef";

test("[A-26] a key is masked wherever it stands, and content in base64 stays", () => {
  const mask = deepMask([KEY]);
  const file = { mime: "image/png", data: Buffer.from(KEY).toString("base64") };
  expect(mask({ a: [{ b: `=${KEY}.` }], file, count: 1, none: null })).toEqual({
    a: [{ b: "=[redacted]." }],
    file,
    count: 1,
    none: null,
  });
});

test.each([[[]], [[KEY]]])("[A-26] what is nested too deeply breaks the protocol (keys: %j)", (secrets) => {
  const nest: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  expect(() => deepMask(secrets)({ input: nest })).toThrow("more than 200 levels");
});
