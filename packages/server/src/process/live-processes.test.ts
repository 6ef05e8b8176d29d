import { expect, test } from "vitest";
import { parseLsof } from "./live-processes.ts";

test("[W-10] where there is no /proc, lsof names processes and their directories", () => {
  const { processes, parents } = parseLsof("p12\nR1\nfcwd\nn/a/b\np13\nR12\nfcwd\nn/c d\n");
  expect(processes).toEqual([
    { pid: 12, directory: "/a/b" },
    { pid: 13, directory: "/c d" },
  ]);
  expect([...parents]).toEqual([
    [12, 1],
    [13, 12],
  ]);
  expect(parseLsof("").processes).toEqual([]);
});
