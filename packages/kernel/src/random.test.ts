import { expect, test } from "vitest";
import { newId, randomHex } from "./id.ts";
import { takeRandomFrom } from "./random.ts";
import { newRefSecret } from "./ref-secret.ts";

const taken = (): string[] => {
  let next = 0;
  const giveBack = takeRandomFrom({
    fill: (bytes) => {
      for (const index of bytes.keys()) bytes[index] = next++ % 251;
    },
    now: () => 1_700_000_000_000,
  });
  try {
    return [newId("ses"), newId("ses"), randomHex(8), newRefSecret()];
  } finally {
    giveBack();
  }
};

test("[D-3] with a simulation's source the same run makes the same ids and secrets, and afterwards nothing is left of it", () => {
  const before = newId("ses");
  const first = taken();
  newId("ses");
  expect(taken()).toEqual(first);
  expect(new Set(first).size).toBe(first.length);
  const after = [newId("ses"), randomHex(8)];
  expect(new Set([before, ...first, ...after]).size).toBe(first.length + 3);
});
