import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkRules } from "./check-rules.ts";
import { citationsOf, rulesOf } from "./rules/citations.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-rules-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const SPEC = "# One\n\n- **D-1** first\n- **D-2** second, see D-9\n\n| T-1 | a target |\n";

function check(files: Record<string, string>): { code: number; output: string } {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return checkRules(root);
}

const titled = (...ids: string[]): string => ids.map((id) => `test("[${id}] holds", () => {});`).join("\n");

test("rules that all have a test pass", () => {
  const { code, output } = check({
    "spec/one.md": SPEC,
    "packages/a/src/one.test.ts": titled("D-1"),
    "packages/a/test/contract/store.ts": titled("D-2, T-1"),
  });
  expect(output).toContain("2 defined, 3 cited, 0 misses");
  expect(code).toBe(0);
});

test("a rule without a test fails and is named with its specification", () => {
  const { code, output } = check({ "spec/one.md": SPEC, "test/one.test.ts": titled("D-1") });
  expect(output).toMatch(/D-2 +spec\/one\.md +no test cites this rule/);
  expect(code).toBe(1);
});

test("a citation of an unknown rule fails and is named with its test", () => {
  const { code, output } = check({ "spec/one.md": SPEC, "test/one.test.ts": titled("D-1", "D-2", "D-3") });
  expect(output).toMatch(/D-3 +test\/one\.test\.ts +cited, but no specification defines it/);
  expect(code).toBe(1);
});

test("an id that heads two rules fails", () => {
  const { code, output } = check({
    "spec/one.md": `${SPEC}\n- **D-2** another\n`,
    "test/one.test.ts": titled("D-1", "D-2"),
  });
  expect(output).toMatch(/D-2 +spec\/one\.md +two rules have this id/);
  expect(code).toBe(1);
});

/** `run` comes to the program through a door and `export *`, `idle` only as a type. */
const PROGRAM = {
  "spec/one.md": "- **D-1** first\n",
  "packages/cli/src/main.ts": 'import { run, type idle } from "@holdfast/kernel";\nrun();\n',
  "packages/kernel/package.json": '{ "exports": { ".": "./src/index.ts" } }',
  "packages/kernel/src/index.ts": 'export * from "./run.ts";\nexport { idle } from "./idle.ts";\n',
  "packages/kernel/src/run.ts": "export const run = () => undefined;\n",
  "packages/kernel/src/idle.ts": "export function idle() {}\n",
};
const testOf = (name: string, from: string) =>
  `import { ${name} } from "${from}";\n${titled("D-1")}${name}();\n`;

test.each(["./idle.ts", "./index.ts"])(
  "a rule that only a test of %s cites, which no program runs, fails",
  (from) => {
    const { code, output } = check({ ...PROGRAM, "packages/kernel/src/idle.test.ts": testOf("idle", from) });
    expect(output).toMatch(
      /D-1 +packages\/kernel\/src\/idle\.test\.ts +only cited by tests of code that no program/,
    );
    expect(code).toBe(1);
  },
);

test.each(["./run.ts", "./index.ts"])(
  "a rule that a test of %s cites, which a program runs, passes",
  (from) => {
    const files = { ...PROGRAM, "packages/kernel/src/run.test.ts": testOf("run", from) };
    expect(check({ ...files, "packages/kernel/src/idle.test.ts": testOf("idle", from) }).output).toContain(
      "0 misses",
    );
  },
);

test("an empty specification checks nothing and fails", () => {
  expect(check({ "test/one.test.ts": "" }).code).toBe(1);
});

test("bold ids define rules, rows of a table are known targets", () => {
  expect(rulesOf(SPEC)).toEqual({ required: ["D-1", "D-2"], known: ["T-1"], doubled: [] });
});

test.each([
  [`test("[A-1] plain", run)`, ["A-1"]],
  [`it.each(rows)("[A-1, B-22] %s", run)`, ["A-1", "B-22"]],
  ["describe.concurrent(`[A-1] ${name}`, run)", ["A-1"]],
  [`describe("x", () => { test("[A-2] inner", run); })`, ["A-2"]],
  ["test.each`a | b`('[A-3] table', run)", ["A-3"]],
  [`test.skip("[A-1] skipped", run)`, []],
  [`expect(text, "[A-1] not a title").toBe(1)`, []],
  [`// test("[A-1] in a comment", run)`, []],
])("titles are read from %s", (source, ids) => {
  expect(citationsOf("one.test.ts", source)).toEqual(ids);
});
