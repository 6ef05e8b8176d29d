import { expect, test } from "vitest";
import { commonProtocol } from "./protocol-version.ts";

test.each([
  [undefined, [2, 1], 2],
  ["1", [2, 1], 1],
  ["3, 2,1", [2, 1], 2],
  ["1,2", [2, 1], 2],
  ["3", [2, 1], undefined],
  ["", [1], undefined],
  ["1.0", [1], undefined],
  ["01", [1], undefined],
  [" 1 ", [1], 1],
])("[I-25] of %j and %j the newest common one is %j", (header, versions, common) => {
  expect(commonProtocol(header, versions)).toBe(common);
});
