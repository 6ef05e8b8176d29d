import { describe, expect, test } from "vitest";
import type { ShareMask } from "../../store/index.ts";
import { createMasker, indexed, memoryOf } from "./masker.ts";
import { settledPrefix } from "./settled-prefix.ts";

const KEY = [
  "-----BEGIN ",
  "PRIVATE KEY-----\nMIIBOgIBAAJBAKj34Gkx\nFhD90vcNLYLInFEX6\n",
  "-----END ",
  "PRIVATE KEY-----",
];

test.each([
  ["a word that goes on", "one two thr", "one two "],
  ["a text without white space", "sk-abcdefgh", ""],
  ["nothing", "", ""],
  ["a key that has begun", `see ${KEY[0]}${KEY[1]}`, "see "],
  ["the head of a key that has begun", "see -----BEGIN RSA ", "see "],
  ["a key that has ended", `${KEY.join("")}\n`, `${KEY.join("")}\n`],
  ["a quoted password that has begun", `password: "correct horse `, "password: "],
  ["a quoted password that has ended", `password: "correct horse" `, `password: "correct horse" `],
  ["a known value that has begun", "say open ses", "say "],
  ["a known value that has ended", "open sesame now ", "open sesame now "],
])("[S-17] of a text that grows only what is settled is told: %s", (_what, text, settled) => {
  expect(settledPrefix(text, ["open sesame now"])).toBe(settled);
});

/** So much of a secret may be told in pieces of a text that grows: none that would be of use. */
const LEAST = 6;

describe("[S-17] a secret that is split over deltas does not leave, wherever it is split", () => {
  const secrets = {
    token: ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].join(""),
    phrase: "correct horse battery staple",
    known: "let me in, I am known",
    key: "MIIBOgIBAAJBAKj34Gkx\nFhD90vcNLYLInFEX6",
  };
  const text = [
    `Look: ${secrets.token} is one.`,
    `{"password": "${secrets.phrase}"}`,
    `and ${secrets.known} too`,
    `${KEY[0]}PRIVATE KEY-----\n${secrets.key}\n${KEY[2]}${KEY[3]} end.`,
  ].join(" ");

  test.each(Object.entries(secrets))("%s", (_name, secret) => {
    const pieces = Array.from({ length: secret.length - LEAST + 1 }, (_, at) => secret.slice(at, at + LEAST));
    for (let length = 0; length <= text.length; length += 1) {
      const masker = createMasker(memoryOf([]), [indexed([secrets.known])]);
      const settled = settledPrefix(text.slice(0, length), [secrets.known]);
      masker.learn(settled);
      const told = masker.mask(settled);
      expect(pieces.filter((piece) => told.includes(piece) && piece.trim().length === LEAST)).toEqual([]);
    }
  });

  test("what is told grows at its end only", () => {
    let before = "";
    let masks: ShareMask[] = [];
    for (let length = 0; length <= text.length; length += 1) {
      const masker = createMasker(memoryOf(masks), [indexed([secrets.known])]);
      const settled = settledPrefix(text.slice(0, length), [secrets.known]);
      masker.learn(settled);
      const told = masker.mask(settled);
      masks = [...masks, ...masker.taken()];
      expect(told.slice(0, before.length)).toBe(before);
      before = told;
    }
    expect(masks).toHaveLength(4);
  });
});
