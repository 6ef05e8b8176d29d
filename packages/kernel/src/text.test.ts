import { describe, expect, test } from "vitest";
import { redact } from "./text.ts";

describe("redact", () => {
  test.each([
    ["API_KEY=abcdefgh", "API_KEY=[redacted]"],
    ['{"token" : "abcdefgh"}', '{"token" : "[redacted]"}'],
    ["password:   abcdefgh and more", "password:   [redacted] and more"],
    ["Authorization: Bearer abcdefghij", "Authorization: [redacted] [redacted]"],
    ["https://me:hunter22@example.test/", "https://me:[redacted]@example.test/"],
    ["the token is short", "the token is short"],
  ])("[A-13] %s", (text, masked) => {
    expect(redact(text)).toBe(masked);
  });

  test("[A-13] a long run of blanks is read once, not once for each of them", () => {
    const text = `token${" ".repeat(1_000_000)}x`;
    expect(redact(text)).toBe(text);
  });
});
