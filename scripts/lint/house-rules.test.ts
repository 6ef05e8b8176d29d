import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SeededTree } from "../test/seeded-tree.ts";

const TURN = "packages/server/src/turn";
const STORE = "packages/server/src/store";

/** Rule -> a file that breaks it -> its source. */
const VIOLATIONS: readonly [rule: string, file: string, source: string][] = [
  ["house(no-ambient-env)", `${TURN}/env-1.ts`, `export const token = process.env["HOLDFAST_TOKEN"];`],
  [
    "house(no-ambient-env)",
    `${TURN}/env-2.ts`,
    `import { env } from "node:process";\nexport const all = env;`,
  ],
  [
    "house(no-ambient-env)",
    "packages/client/src/env-3.ts",
    `export const { HOME } = globalThis.process.env;`,
  ],
  ["house(no-ambient-clock)", `${TURN}/clock-1.ts`, `export const at = (): number => Date.now();`],
  ["house(no-ambient-clock)", `${TURN}/clock-2.ts`, `export const at = (): Date => new Date();`],
  ["house(no-ambient-clock)", `${TURN}/clock-3.ts`, `export const at = (): number => performance.now();`],
  [
    "house(no-ambient-clock)",
    `${TURN}/clock-4.ts`,
    `export const later = (run: () => void) => setTimeout(run, 5);`,
  ],
  [
    "house(no-ambient-clock)",
    `${TURN}/clock-5.ts`,
    `export { setTimeout as nap } from "node:timers/promises";`,
  ],
  ["house(no-ambient-random)", `${TURN}/random-1.ts`, `export const die = (): number => Math.random();`],
  ["house(no-ambient-random)", `${TURN}/random-2.ts`, `export const id = (): string => crypto.randomUUID();`],
  [
    "house(no-ambient-random)",
    `${TURN}/random-3.ts`,
    `import { randomBytes } from "node:crypto";\nexport const key = randomBytes(4);`,
  ],
  [
    "house(no-database-fs)",
    `${TURN}/fs-1.ts`,
    `import { copyFileSync } from "node:fs";\nexport const backup = (dir: string): void => copyFileSync(dir + "/holdfast.db", dir + "/b");`,
  ],
  [
    "house(no-database-fs)",
    `${TURN}/fs-2.ts`,
    `import * as fs from "node:fs/promises";\nexport const peek = (databasePath: string) => fs.readFile(databasePath);`,
  ],
  [
    "house(no-database-fs)",
    `${STORE}/fs-3.ts`,
    `import { openSync } from "node:fs";\nexport const anything = (path: string): number => openSync(path);`,
  ],
  [
    "typescript(no-floating-promises)",
    `${TURN}/floating.ts`,
    `export const start = async (): Promise<void> => {};\nexport function go(): void {\n  start();\n}`,
  ],
  [
    "typescript(switch-exhaustiveness-check)",
    `${TURN}/switch.ts`,
    `export function size(of: "a" | "b"): number {\n  switch (of) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}`,
  ],
  [
    "typescript(no-floating-promises)",
    `${TURN}/floating.test.ts`,
    `const start = async (): Promise<void> => {};\nexport const go = (): void => {\n  start();\n};`,
  ],
];

const ALLOWED = {
  "packages/server/src/main/config-allowed.ts": `export const token = process.env["HOLDFAST_TOKEN"];`,
  "packages/kernel/src/allowed.ts": `export const at = (): number => Date.now() + Math.random();`,
  [`${TURN}/allowed.ts`]: `import { readFileSync } from "node:fs";\nexport const read = (path: string): string => readFileSync(path, "utf8") + String(new Date(0));`,
  [`${TURN}/allowed.test.ts`]: `export const at = (): number => Date.now() + Number(process.env["X"]);`,
};

describe("the lint rules of the house", () => {
  let findings: { code: string; filename: string }[] = [];
  let code: number | null = 0;
  let tree: SeededTree;

  beforeAll(() => {
    const seeds = Object.fromEntries(VIOLATIONS.map(([, file, source]) => [file, source]));
    tree = new SeededTree({ ...seeds, ...ALLOWED });
    const result = tree.run("oxlint", "--format=json", ...Object.keys({ ...seeds, ...ALLOWED }));
    const report = JSON.parse(result.output) as { diagnostics: { code: string; filename: string }[] };
    findings = report.diagnostics;
    code = result.code;
  });
  afterAll(() => tree[Symbol.dispose]());

  test("a tree with violations fails", () => {
    expect(code).toBe(1);
  });

  test.each(VIOLATIONS)("%s is reported in %s", (rule, file) => {
    expect(findings).toContainEqual(expect.objectContaining({ code: rule, filename: file }));
  });

  test("[D-17] opening or copying a database file with fs is reported in the server", () => {
    const files = findings
      .filter((finding) => finding.code === "house(no-database-fs)")
      .map((finding) => finding.filename);
    expect(new Set(files)).toEqual(new Set([`${TURN}/fs-1.ts`, `${TURN}/fs-2.ts`, `${STORE}/fs-3.ts`]));
  });

  test.each(Object.keys(ALLOWED))("%s is allowed", (file) => {
    expect(findings.filter((finding) => finding.filename === file)).toEqual([]);
  });
});
