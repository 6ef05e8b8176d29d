/** The licences of what is bundled: each package whose code is in it, with its own text. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Bundle = Record<string, { type: "chunk"; moduleIds: string[] } | { type: "asset" }>;

/** A plugin for Vite and Rolldown. */
type BundlePlugin = {
  name: string;
  generateBundle(
    this: { emitFile(file: { type: "asset"; fileName: string; source: string }): unknown },
    options: unknown,
    bundle: Bundle,
  ): void;
};

const NOTICES_FILE = "THIRD-PARTY.txt";
const RULE = `\n\n${"-".repeat(80)}\n\n`;
/** A `cgmanifest.json` names the projects whose programs a package holds, with their licences. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice|cgmanifest)([.-].*)?$/i;
/** The innermost package of a module's path. */
const PACKAGE = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;

/**
 * Two plugins: `collect` for bundles of workers, which are made on the way, and `write` for the bundle itself, which writes `THIRD-PARTY.txt` beside it for
 * all of them, and for the packages in the directories `also`, of which files are copied. Throws for a package without a licence.
 */
export function thirdPartyNotices(also: readonly string[] = []): {
  collect: BundlePlugin;
  write: BundlePlugin;
} {
  const packages = new Set<string>(also);
  const add = (bundle: Bundle) => {
    const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
    for (const id of modules) {
      const directory = PACKAGE.exec(id.replace(/^\0/, ""))?.[1];
      if (directory !== undefined) packages.add(directory);
    }
  };
  return {
    collect: { name: "holdfast:third-party", generateBundle: (_options, bundle) => add(bundle) },
    write: {
      name: "holdfast:third-party-notices",
      generateBundle(_options, bundle) {
        add(bundle);
        const source = `${[...packages].map(noticeOf).toSorted().join(RULE)}\n`;
        this.emitFile({ type: "asset", fileName: NOTICES_FILE, source });
      },
    },
  };
}

function noticeOf(directory: string): string {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  const texts = readdirSync(directory)
    .filter((name) => LICENCE_FILE.test(name))
    .map((name) => readFileSync(join(directory, name), "utf8").trim());
  if (manifest.license === undefined && texts.length === 0)
    throw new Error(`${directory} has no licence; it cannot be bundled.`);
  const head = `${manifest.name} ${manifest.version}${manifest.license === undefined ? "" : `, ${manifest.license}`}`;
  return [head, ...texts].join("\n\n");
}
