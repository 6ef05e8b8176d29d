import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Environment } from "../process/index.ts";
import type { AgentDefinition } from "./catalog/index.ts";
import type { OpenRequest } from "./port.ts";

/**
 * What decides which process an agent is: arguments, the files that they name as they are now, and the names of its variables; never a
 * value. An update of the program changes it.
 */
export async function processFingerprint(
  definition: AgentDefinition,
  environment: Environment,
): Promise<string> {
  const { backend, argv, environment: policy } = definition;
  const names = [...new Set([...Object.keys(environment), ...Object.keys(policy.set ?? {})])].toSorted();
  const facts = [backend, argv, await filesOf(argv), policy.inherit, names];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** The files that arguments name, as they are now: what stands for their version, which is only known once they run. */
export const filesOf = (argv: readonly string[]): Promise<unknown[][]> =>
  Promise.all(argv.filter(isAbsolute).map(identityOf));

/** Where a file really is, and whether it is still the same; what happens inside of a directory says nothing of a program. */
async function identityOf(path: string): Promise<unknown[]> {
  try {
    const [found, real] = [await stat(path), await realpath(path)];
    return found.isFile() ? [real, found.size, found.mtimeMs] : [real];
  } catch {
    return [path];
  }
}

/** What decides which agent-side opening serves a session. Values are in it, so it is only ever in memory. */
export const sessionFingerprint = ({ directory, mcpServers }: OpenRequest): string =>
  createHash("sha256")
    .update(JSON.stringify([directory, mcpServers]))
    .digest("hex");
