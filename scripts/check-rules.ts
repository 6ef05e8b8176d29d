/**
 * `npm run check:rules [root]`: every rule id that a specification under `spec/` defines is cited by the title of a test, and no test
 * cites an id that does not exist; no id stands at the head of two rules. A test of code that no program runs proves no rule. Prints what is
 * wrong.
 */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { citationsOf, rulesOf } from "./rules/citations.ts";
import { RunCode } from "./rules/run-code.ts";

/** Contract suites stand in plain files under a `test` folder and are run by a `.test.ts`, so their titles count too. */
const TEST_FILES = [
  "packages/*/src/**/*.test.ts",
  "packages/*/test/**/*.ts",
  "test/**/*.ts",
  "scripts/**/*.test.ts",
  "bench/**/*.test.ts",
  "test-agents/*.test.ts",
];
const EXCLUDED = ["**/node_modules/**", "**/dist/**"];

type Miss = { id: string; place: string; complaint: string };

function findMisses(root: string): { misses: Miss[]; rules: number; cited: number } {
  const definedIn = new Map<string, string>();
  const known = new Set<string>();
  const doubled: Miss[] = [];
  for (const path of globSync("spec/*.md", { cwd: root })) {
    const rules = rulesOf(readFileSync(join(root, path), "utf8"));
    for (const id of rules.doubled) doubled.push({ id, place: path, complaint: "two rules have this id" });
    for (const id of rules.required) if (!definedIn.has(id)) definedIn.set(id, path);
    for (const id of rules.known) known.add(id);
  }

  const code = new RunCode(root);
  const citedIn = new Map<string, string>();
  const proven = new Set<string>();
  for (const path of globSync(TEST_FILES, { cwd: root, exclude: EXCLUDED })) {
    const ids = citationsOf(path, readFileSync(join(root, path), "utf8"));
    const proves = ids.length > 0 && isProof(code, path);
    for (const id of ids) citedIn.set(id, path);
    for (const id of proves ? ids : []) proven.add(id);
  }

  const untested = [...definedIn]
    .filter(([id]) => !citedIn.has(id))
    .map(([id, place]) => ({ id, place, complaint: "no test cites this rule" }));
  const unproven = [...citedIn]
    .filter(([id]) => definedIn.has(id) && !proven.has(id))
    .map(([id, place]) => ({ id, place, complaint: "only cited by tests of code that no program runs" }));
  const unknown = [...citedIn]
    .filter(([id]) => !definedIn.has(id) && !known.has(id))
    .map(([id, place]) => ({ id, place, complaint: "cited, but no specification defines it" }));
  return {
    misses: [...doubled, ...untested, ...unproven, ...unknown].toSorted(byId),
    rules: definedIn.size,
    cited: citedIn.size,
  };
}

/** Whether a test exercises something that a program runs. One that imports no module of a package drives programs from outside. */
function isProof(code: RunCode, test: string): boolean {
  const modules = code
    .importedBy(test)
    .filter((path) => path.startsWith("packages/") && path.includes("/src/"));
  return modules.length === 0 || modules.some((path) => code.has(path));
}

function byId(one: Miss, other: Miss): number {
  return one.id.localeCompare(other.id, "en", { numeric: true });
}

/** The exit code for the tree at `root`, and the lines that say why. */
export function checkRules(root: string): { code: number; output: string } {
  const { misses, rules, cited } = findMisses(root);
  const lines = misses.map(({ id, place, complaint }) => `${id.padEnd(6)} ${place.padEnd(36)} ${complaint}`);
  if (rules === 0) lines.push("no rule found under spec/: nothing was checked");
  lines.push(`rules: ${rules} defined, ${cited} cited, ${misses.length} misses`);
  return { code: misses.length === 0 && rules > 0 ? 0 : 1, output: lines.join("\n") };
}

if (import.meta.main) {
  const { code, output } = checkRules(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  console.log(output);
  process.exitCode = code;
}
