/** What every published package says about itself in the same words. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

export type Manifest = {
  name: string;
  description?: string | undefined;
  dependencies?: Record<string, string> | undefined;
  [field: string]: unknown;
};

/** Writes `package.json` and the licence. The version is the repository's. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const { version, license, engines } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  const { name, ...rest } = manifest;
  const published = { name, version, license, type: "module", engines, ...rest };
  await writeFile(join(directory, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  await cp(join(ROOT, "LICENSE"), join(directory, "LICENSE"));
}
