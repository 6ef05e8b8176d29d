import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import type { Environment } from "../../process/index.ts";
import type { AgentDefinition } from "../catalog/index.ts";

/** What tells one program file from another: its place, size and time stand for its version, which is only known once it runs. */
export async function programFacts(argv: readonly string[]): Promise<unknown> {
  const program = argv[0] ?? "";
  const file = await stat(program).catch(() => undefined);
  return [await realpath(program).catch(() => program), file?.size ?? 0, file?.mtimeMs ?? 0];
}

/** The process fingerprint: arguments, the program's file, names of variables; never a value. */
export async function processFingerprint(
  definition: AgentDefinition,
  environment: Environment,
): Promise<string> {
  const { argv } = definition;
  const names = new Set([...Object.keys(environment), ...Object.keys(definition.environment.set ?? {})]);
  const facts = ["opencode", argv, await programFacts(argv), [...names].toSorted()];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
