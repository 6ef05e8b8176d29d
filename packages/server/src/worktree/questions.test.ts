import { expect, test } from "vitest";
import { parseLsof } from "./live-processes.ts";
import { parseStatus } from "./questions.ts";

test("[W-10] every kind of status record is told apart, with spaces in names and the old name of a rename", () => {
  const hash = "0".repeat(40);
  const records = [
    `1 .M N... 100644 100644 100644 ${hash} ${hash} a b.txt`,
    `1 .M S.M. 160000 160000 160000 ${hash} ${hash} sub`,
    `2 R. N... 100644 100644 100644 ${hash} ${hash} R100 new name`,
    "old name",
    `u UU N... 100644 100644 100644 100644 ${hash} ${hash} ${hash} both`,
    "? un tracked",
    "? nested/",
    "! node_modules/",
    "! .env",
  ];
  expect(parseStatus(records)).toEqual({
    uncommitted: ["a b.txt", "sub", "new name", "both"],
    untracked: ["un tracked"],
    nested: ["nested"],
    ignored: ["node_modules/", ".env"],
  });
});

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
