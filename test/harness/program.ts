/**
 * The programs under test. The tests of `npm test` and the commands of the suites run them as they are published, which `build-program.ts` builds once
 * before; without it the sources are run.
 */
import { join } from "node:path";

const PACKAGES = join(import.meta.dirname, "../../packages");
const built = process.env["HOLDFAST_BUILT"];

const sources = join(PACKAGES, "cli/bin/holdfast.cjs");

export const HOLDFAST: string = built === undefined ? sources : join(built, "bin/holdfast.cjs");

export const REHEARSAL: string = join(built ?? join(PACKAGES, "rehearsal"), "bin/rehearsal.js");

/** The command for this environment: what is preloaded changes modules that it knows by their place among the sources. */
export function holdfastFor(environment: Readonly<Record<string, string>>): string {
  return environment["NODE_OPTIONS"] === undefined ? HOLDFAST : sources;
}
