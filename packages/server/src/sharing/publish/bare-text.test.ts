import { expect, test } from "vitest";
import { bareText } from "./bare-text.ts";
import { createMasker, memoryOf } from "./masker.ts";

const SECRET = "correct-horse-7";
const mask = (text: string): string =>
  createMasker(memoryOf([{ number: 1, kind: "known", value: SECRET }]), []).mask(text);

test.each([
  [
    "a colour",
    `a ${SECRET.slice(0, 7)}\u001b[01;31m\u001b[K${SECRET.slice(7)}\u001b[m b`,
    "a [masked 1]\u001b[m b",
  ],
  ["a colour, in JSON", String.raw`a ${SECRET.slice(0, 7)}\u001b[1m${SECRET.slice(7)} b`, "a [masked 1] b"],
  ...["\u200b", "\u200e", "\u202c", "\u2063", "\u034f", "\ufe0f"].map((sign): [string, string, string] => [
    `a sign of no width, U+${sign.charCodeAt(0).toString(16)}`,
    `a ${SECRET.split("").join(sign)} b`,
    "a [masked 1] b",
  ]),
  [
    "a link of a terminal",
    `\u001b]8;;http://x\u0007${SECRET}\u001b]8;;\u0007`,
    "\u001b]8;;http://x\u0007[masked 1]\u001b]8;;\u0007",
  ],
  ["nothing", `a ${SECRET} b`, "a [masked 1] b"],
])("[S-17] what nobody sees does not hide a secret: %s", (_what, text, masked) => {
  expect(mask(text)).toBe(masked);
});

test("[S-17] a secret that has such signs itself is found", () => {
  const value = "pass\u2764\ufe0fword";
  const masker = createMasker(memoryOf([{ number: 1, kind: "known", value }]), []);
  expect(masker.mask(`a ${value} b`)).toBe("a [masked 1] b");
});

test("[S-17] a place in the bare text is found in the whole one", () => {
  const whole = "\u001b[1mab\u001b[0mcd\u200be";
  const { text, placeOf } = bareText(whole);
  expect(text).toBe("abcde");
  for (let start = 0; start < text.length; start += 1)
    for (let end = start + 1; end <= text.length; end += 1) {
      const place = placeOf({ start, end });
      expect(bareText(whole.slice(place.start, place.end)).text).toBe(text.slice(start, end));
    }
});
