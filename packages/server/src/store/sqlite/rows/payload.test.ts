import { expect, test } from "vitest";
import { newestForm } from "./payload.ts";

/** Two changes of a form, so that the third version is the newest. */
const STEPS = [
  (data: object) => ({ ...data, renamed: true }),
  (data: object) => ({ ...data, order: Object.keys(data) }),
];

test.each([
  [1, { a: 1, renamed: true, order: ["a", "renamed"] }],
  [2, { a: 1, order: ["a"] }],
  [3, { a: 1 }],
])("[D-36] a row of version %i is brought up by the steps it lacks, in their order", (version, newest) => {
  expect(newestForm("part", { id: "prt_1", schema_version: version }, { a: 1 }, STEPS)).toEqual(newest);
});

test.each([4, 0, -1])("[D-36] a row of version %i is refused by name", (version) => {
  const read = () => newestForm("part", { id: "prt_1", schema_version: version }, {}, STEPS);
  expect(read).toThrow(expect.objectContaining({ code: "NEWER_ROW", data: { id: "prt_1", version } }));
});
