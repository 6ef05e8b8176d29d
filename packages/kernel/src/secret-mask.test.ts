import { expect, test } from "vitest";
import { secretMask } from "./secret-mask.ts";

const SECRET = 'hush "hush"\n1/2';
const mask = secretMask([SECRET, "hush-hush", "hush-hush-2", "1234567", "short"]);

test.each([
  ["as it is", SECRET],
  ["in JSON", JSON.stringify({ a: SECRET }).slice(6, -2)],
  ["in JSON in JSON", JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
  ["in an address", encodeURIComponent(SECRET)],
])("[A-7] a secret is masked %s", (_how, text) => {
  expect(mask(`a ${text} b ${text}`)).toBe("a [redacted] b [redacted]");
});

test("[A-7] the longest of those that begin alike is masked whole, and what is short stays", () => {
  expect(mask("hush-hush-2hush-hush hush-hus short")).toBe("[redacted][redacted] hush-hus short");
  expect(secretMask([])("anything")).toBe("anything");
});

test("[A-7] half a secret is masked where a text was cut, and nowhere else", () => {
  const middle = ".".repeat(1_024);
  expect(mask(`-hush-2${middle}hush-hus`)).toBe(`[redacted]${middle}[redacted]`);
  expect(mask(`7${middle}hush`)).toBe(`7${middle}hush`);
  const key = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join("\n");
  expect(secretMask([key])(key.slice(2_000, 4_000))).toBe("[redacted]");
});

test("[A-7] a long text is read once, however many secrets there are", () => {
  const secrets = Array.from({ length: 5_000 }, (_, index) => `https://${index}`);
  const text = "https:/ hush ".repeat(2_500);
  expect(secretMask(secrets)(text)).toBe(text);
  expect(secretMask(secrets)(`${text}https://4999${text}`)).toBe(`${text}[redacted]${text}`);
});
