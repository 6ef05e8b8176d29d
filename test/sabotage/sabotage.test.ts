import { expect, test } from "vitest";
import { sabotaged } from "./sabotage.ts";
import { SABOTAGES } from "./table/index.ts";
import { judge } from "./trial.ts";
import { verdictOf } from "./verdict.ts";
import { textOf } from "./workbench.ts";

test.each(SABOTAGES.map((sabotage) => [sabotage.name, sabotage] as const))(
  "%s still applies",
  (_name, sabotage) => {
    const source = textOf(sabotage.file);
    expect(sabotaged(source, sabotage)).not.toBe(source);
  },
);

test.each(SABOTAGES.map((sabotage) => [sabotage.name, sabotage] as const))(
  "the catchers of %s exist",
  (_name, { catchers }) => {
    expect(catchers.length).toBeGreaterThan(0);
    for (const { file, title = "", from = file } of catchers) expect(textOf(from)).toContain(title);
  },
);

test("every sabotage has a name of its own and a rule that it breaks", () => {
  expect(new Set(SABOTAGES.map(({ name }) => name)).size).toBe(SABOTAGES.length);
  for (const { rules } of SABOTAGES)
    expect(rules.join(" ")).toMatch(/^[A-Z]-\d+(\.\d+)?( [A-Z]-\d+(\.\d+)?)*$/);
});

test("a sabotage that finds its place twice or nowhere does not apply", () => {
  const sabotage = { name: "x", rules: ["D-1"], breaks: "", file: "a.ts", catchers: [] };
  const edits = [{ find: "one", replace: "two" }];
  expect(sabotaged("one", { ...sabotage, edits })).toBe("two");
  for (const text of ["", "one one"])
    expect(() => sabotaged(text, { ...sabotage, edits })).toThrow("not once");
});

const file = (status: string, ...tests: [status: string, message?: string][]) => ({
  status,
  message: "Error: Transform failed",
  assertionResults: tests.map(([result, message], at) => ({
    status: result,
    title: `t${at}`,
    fullName: `t${at}`,
    failureMessages: message === undefined ? [] : [message],
  })),
});

test.each([
  [
    "a red assertion",
    file("failed", ["passed"], ["failed", "AssertionError: 1 is not 2\n at"]),
    [],
    "caught",
  ],
  ["green tests", file("passed", ["passed"], ["skipped"]), [], "survived"],
  ["a file that does not load", file("failed"), [], "broken"],
  ["a text that does not run", file("failed", ["failed", "ReferenceError: x is not defined"]), [], "broken"],
  ["nothing that ran", file("passed", ["skipped"]), [], "broken"],
  [
    "a test that was red before",
    file("failed", ["failed", "AssertionError"], ["passed"]),
    ["t0"],
    "survived",
  ],
] as const)("%s: %#", (_name, result, before, outcome) => {
  expect(judge(verdictOf({ testResults: [result] }), new Set(before)).outcome).toBe(outcome);
});
