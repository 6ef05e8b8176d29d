import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isWhole } from "../test/harness/sample.ts";
import { SeededTree } from "./test/seeded-tree.ts";

const ROOT = join(import.meta.dirname, "..");
const INDEX = "packages/protocol/src/index.ts";

test.runIf(isWhole)("an export of protocol that only tests import is unused, behind `export *` too", () => {
  using tree = new SeededTree({
    [INDEX]: `${readFileSync(join(ROOT, INDEX), "utf8")}export * from "./seed.ts";\n`,
    "packages/protocol/src/seed.ts": "export const seeded = 1;\n",
    "packages/protocol/src/seed.test.ts": 'import { seeded } from "./seed.ts";\nexport default seeded;\n',
  });
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: { "check:unused": string };
  };
  const production = scripts["check:unused"].split("&&").at(-1)?.trim() ?? "";
  const { code, output } = tree.run("npx", ...production.split(" "));
  expect(output).toMatch(/^seeded /m);
  expect(code).toBe(1);
});
