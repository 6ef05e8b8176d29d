/**
 * `npm run release -- --dry-run`: builds what would be published, packs it, checks it, and says what a person would type to publish it. It publishes nothing. Exit 1 when a
 * check fails. What only a release needs (a clean tree, a heading in the changelog) is listed as to do.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PUBLISHED } from "./build/library.ts";
import { pack, type Packed } from "./build/pack.ts";
import { checkPackages } from "./release/check-packages.ts";

const ROOT = join(import.meta.dirname, "..");
const BUILD = join(ROOT, "build");
/** Most bytes of a tarball, and of what it unpacks to: far over what they have, far under what an installation may take. */
const BUDGETS: Readonly<Record<(typeof PUBLISHED)[number], { packed: number; unpacked: number }>> = {
  protocol: { packed: 200_000, unpacked: 1_000_000 },
  client: { packed: 150_000, unpacked: 700_000 },
  holdfast: { packed: 3_000_000, unpacked: 12_000_000 },
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

function packWithinBudget(name: (typeof PUBLISHED)[number]): { packed: Packed; wrong: string[] } {
  const packed = pack(join(BUILD, name), BUILD);
  const budget = BUDGETS[name];
  const wrong: string[] = [];
  if (packed.size > budget.packed) wrong.push(`${name}: ${packed.size} bytes packed, over ${budget.packed}`);
  if (packed.unpackedSize > budget.unpacked)
    wrong.push(`${name}: ${packed.unpackedSize} bytes unpacked, over ${budget.unpacked}`);
  return { packed, wrong };
}

/** What stands between this tree and a release, that no check of the packages sees. */
function toDo(version: string): string[] {
  const left: string[] = [];
  const changes = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  const [, unreleased = ""] = /^## \[Unreleased\]\n([^]*?)(?=^## \[)/m.exec(changes) ?? [];
  if (unreleased.trim() !== "")
    left.push("what the changelog has under [Unreleased] goes under a version and its date");
  if (!changes.includes(`\n## [${version}]`)) left.push(`the changelog has no [${version}]`);
  if (run("git", ["status", "--porcelain"]).trim() !== "")
    left.push("commit or remove what is not committed");
  if (run("git", ["tag", "--list", `v${version}`]).trim() !== "")
    left.push(`v${version} is tagged already: set another version in package.json and run npm run generate`);
  return left;
}

const { values } = parseArgs({ options: { "dry-run": { type: "boolean" } } });
if (values["dry-run"] !== true) {
  process.stderr.write(
    "Publishing is left to a person. npm run release -- --dry-run checks, and says what to type.\n",
  );
  process.exit(2);
}

execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { stdio: "inherit" });
const results = PUBLISHED.map(packWithinBudget);
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
for (const { packed } of results)
  say(
    `${packed.name}@${packed.version}  ${packed.entryCount} files, ${(packed.size / 1_000).toFixed(0)} KB packed, ${(packed.unpackedSize / 1_000_000).toFixed(1)} MB unpacked`,
  );
const wrong = results.flatMap((result) => result.wrong);
for (const { packed } of results)
  if (packed.version !== version) wrong.push(`${packed.name} has version ${packed.version}, not ${version}`);
wrong.push(...(await checkPackages(BUILD)));
for (const line of wrong) say(`✗ ${line}`);
for (const line of toDo(version)) say(`to do: ${line}`);
if (wrong.length === 0) {
  say("checked: versions, sizes, publint, types. To publish:");
  // Without ./ npm would take the path for a repository's name.
  for (const { packed } of results) say(`  npm publish --access public ./build/${packed.filename}`);
  say(`  git tag v${version} && git push --tags`);
}
process.exitCode = wrong.length === 0 ? 0 : 1;
