import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Environment } from "../../process/index.ts";
import type { AgentDefinition } from "../catalog/index.ts";

/**
 * What decides which process an agent is: arguments, the files that they name as they are now, and the names of its variables; never a
 * value. An update of the program changes it.
 */
export async function processFingerprint(
  definition: AgentDefinition,
  environment: Environment,
): Promise<string> {
  const { backend, argv, environment: policy } = definition;
  const files = await Promise.all(argv.filter(isAbsolute).map(identityOf));
  const names = [...new Set([...Object.keys(environment), ...Object.keys(policy.set ?? {})])].toSorted();
  const facts = [backend, argv, files, policy.inherit, names];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** Where a file really is, and whether it is still the same. */
async function identityOf(path: string): Promise<unknown[]> {
  try {
    const { size, mtimeMs } = await stat(path);
    return [await realpath(path), size, mtimeMs];
  } catch {
    return [path];
  }
}
