import { expect, test } from "vitest";
import { parseStatus } from "./status.ts";

test("[W-10] every kind of status record is told apart, with spaces in names", () => {
  const hash = "0".repeat(40);
  const records = [
    `1 .M N... 100644 100644 100644 ${hash} ${hash} a b.txt`,
    `1 M. N... 100644 100644 100644 ${hash} ${hash} staged`,
    `1 .M S.M. 160000 160000 160000 ${hash} ${hash} sub`,
    `u UU N... 100644 100644 100644 100644 ${hash} ${hash} ${hash} both`,
    "? un tracked",
    "? nested/",
    "! node_modules/",
    "! .env",
  ];
  const status = parseStatus(records.join("\0"));
  expect(status.changed).toEqual(["a b.txt", "staged", "sub", "both"]);
  expect(status.modified.map(({ name }) => name)).toEqual(["a b.txt", "sub", "both"]);
  expect(status.untracked).toEqual(["un tracked", "nested/"]);
  expect(status.ignored).toEqual(["node_modules/", ".env"]);
});
