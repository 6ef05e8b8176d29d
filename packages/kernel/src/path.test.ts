import { expect, test } from "vitest";
import { isInside } from "./path.ts";

test.each([
  ["/a", "/a", true],
  ["/a", "/a/b", true],
  ["/a", "/a/..b", true],
  ["/", "/a", true],
  ["/a", "/ab", false],
  ["/a/b", "/a", false],
])("[I-6] below %s: %s is %s", (directory, path, answer) => {
  expect(isInside(directory, path)).toBe(answer);
});
