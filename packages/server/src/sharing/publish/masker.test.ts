import { expect, test } from "vitest";
import { createMasker, indexed, memoryOf } from "./masker.ts";

const SECRET = "correct-horse-7";
const MASKS = [{ number: 4, kind: "password", value: SECRET }];

function published(texts: string[], masks = [] as typeof MASKS, known: string[] = []) {
  const masker = createMasker(memoryOf(masks), [indexed(known)]);
  for (const text of texts) masker.learn(text);
  return { texts: texts.map((text) => masker.mask(text)), taken: masker.taken() };
}

test("[S-17] a value that was masked once is masked where it stands bare, before and after", () => {
  const { texts, taken } = published([`It is ${SECRET}.`, `password: "${SECRET}"`, `again ${SECRET}`]);
  expect(texts).toEqual(["It is [masked 1].", `password: "[masked 1]"`, "again [masked 1]"]);
  expect(taken).toEqual([{ number: 1, kind: "password", value: SECRET }]);
});

test("[S-17] a value keeps its number, and a new one has the next", () => {
  const { texts, taken } = published([`x ${SECRET} --token abc123def456`], MASKS);
  expect(texts).toEqual(["x [masked 4] --token [masked 5]"]);
  expect(taken.map(({ number }) => number)).toEqual([5]);
});

test("[S-17] a secret of the machine is masked whatever it looks like, and remembered once it was met", () => {
  const { texts, taken } = published(
    ["say friend and enter", "nothing here"],
    [],
    ["friend and enter", "never met"],
  );
  expect(texts).toEqual(["say [masked 1]", "nothing here"]);
  expect(taken).toEqual([{ number: 1, kind: "known", value: "friend and enter" }]);
});

test.each([
  ["in JSON", JSON.stringify({ a: `p"q\n${"x".repeat(20)}` })],
  ["in JSON within JSON", JSON.stringify({ b: JSON.stringify({ a: `p"q\n${"x".repeat(20)}` }) })],
  ["in an address", `?a=${encodeURIComponent(`p"q\n${"x".repeat(20)}`)}`],
  ["by one of its lines", `+${"x".repeat(20)}`],
  ["in base64", Buffer.from(`1p"q\n${"x".repeat(20)}2`).toString("base64")],
])("[S-17] a value is masked however it is spelled: %s", (_how, text) => {
  const value = `p"q\n${"x".repeat(20)}`;
  const masker = createMasker(memoryOf([{ number: 1, kind: "known", value }]), []);
  // What looks random too has the number of the longer place.
  expect(masker.mask(text)).toMatch(/\[masked [12]\]/);
  expect(masker.mask(text)).not.toMatch(/x{5}|eHh4/);
});

test.each(["pa%2Fss%20w0rd%21", "pa%2fss+w0rd!", "pa/ss%20w0rd%21", "pa%2Fss+w0rd%21"])(
  "[S-17] a value is masked however programs write it into an address: %s",
  (spelled) => {
    const masker = createMasker(memoryOf([{ number: 1, kind: "known", value: "pa/ss w0rd!" }]), []);
    expect(masker.mask(`?a=${spelled}&b`)).toBe("?a=[masked 1]&b");
  },
);

test("[S-17] a text that was cut within a value does not end in its begin", () => {
  const { texts } = published([`my words: ${SECRET.slice(0, 9)}`], MASKS);
  expect(texts).toEqual(["my words: [masked 4]"]);
});

test("[S-17] values that overlap are masked as one", () => {
  const masks = [
    { number: 1, kind: "known", value: "abcdefgh" },
    { number: 2, kind: "known", value: "fghijklmnop" },
  ];
  expect(published(["(abcdefghijklmnop)"], masks).texts).toEqual(["([masked 2])"]);
});

test("[S-17] an index is made anew only for other masks", () => {
  const memory = memoryOf(MASKS);
  expect(memoryOf([...MASKS], memory)).toBe(memory);
  expect(memoryOf([{ number: 4, kind: "password", value: "another" }], memory)).not.toBe(memory);
});
