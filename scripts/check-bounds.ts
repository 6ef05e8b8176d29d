/**
 * `npm run check:bounds [root]`: who may import whom (.dependency-cruiser.mjs), on the tree at `root`, by default this repository.
 * A cruiser that sees nothing passes everything (with TypeScript 7 as its parser it does), so too few cruised files are a failure.
 */
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from "dependency-cruiser";
import { unlistedRooms } from "./bounds/rules.ts";

/** The share of the `.ts` files under packages that must have been cruised. */
const LEAST_CRUISED = 0.9;

/** A sentence for the report when `cruised` covers too few of the files `present`, else `undefined`. */
export function blindness(present: readonly string[], cruised: readonly string[]): string | undefined {
  const seen = new Set(cruised);
  const missed = present.filter((file) => !seen.has(file));
  const covered = present.length - missed.length;
  if (present.length > 0 && covered >= present.length * LEAST_CRUISED) return undefined;
  return `only ${covered} of ${present.length} .ts files under packages were cruised; missed: ${missed.slice(0, 5).join(", ")}`;
}

type Configuration = { forbidden: IFlattenedRuleSet["forbidden"]; options: ICruiseOptions };

async function checkBounds(root: string): Promise<number> {
  process.chdir(root);
  const { default: config } = (await import(pathToFileURL(join(root, ".dependency-cruiser.mjs")).href)) as {
    default: Configuration;
  };
  const roots = ["packages", "test", "bench", "scripts", "examples", "test-agents"].filter((path) =>
    existsSync(path),
  );
  const ruleSet = { forbidden: config.forbidden ?? [] };
  const { output } = await cruise(roots, { ...config.options, ruleSet, validate: true, outputType: "json" });
  const result = (typeof output === "string" ? JSON.parse(output) : output) as ICruiseResult;

  const complaints = result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  complaints.push(
    ...unlistedRooms(root).map((place) => `unlisted: ${place} is not in scripts/bounds/house-map.ts`),
  );
  const present = globSync("packages/**/*.ts", {
    exclude: ["**/node_modules/**", "**/dist/**", "**/dist-types/**", "**/test/golden/**"],
  });
  const blind = blindness(
    present,
    result.modules.map((module) => module.source),
  );
  if (blind !== undefined) complaints.push(`blind: ${blind}`);

  for (const complaint of complaints) console.error(complaint);
  console.log(
    `bounds: ${result.modules.length} modules, ${present.length} files, ${complaints.length} violations`,
  );
  return complaints.length === 0 ? 0 : 1;
}

if (import.meta.main)
  process.exitCode = await checkBounds(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
