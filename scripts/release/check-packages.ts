/**
 * `npm run check:packages`: what `publint` and `attw` find in the three built packages (I-28). Both are told that nobody may `require` them: they are
 * modules only.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { PUBLISHED } from "../build/library.ts";

const ROOT = join(import.meta.dirname, "../..");
const ATTW = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
const run = promisify(execFile);

/** One text per finding, suggestions too; none when all is well. `build` is what `npm run build` wrote. */
export async function checkPackages(build: string): Promise<string[]> {
  const findings: string[] = [];
  for (const name of PUBLISHED)
    for (const finding of [...(await linted(join(build, name))), ...(await typed(join(build, name)))])
      findings.push(`${name}: ${finding}`);
  return findings;
}

async function linted(directory: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir: directory, strict: true, pack: "npm" });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

async function typed(directory: string): Promise<string[]> {
  const args = [ATTW, "--pack", directory, "--profile", "esm-only", "--no-color", "--no-emoji"];
  try {
    await run(process.execPath, args);
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return [`${stdout ?? ""}${stderr ?? ""}`.trim() || String(error)];
  }
}

if (import.meta.main) {
  const findings = await checkPackages(join(ROOT, "build"));
  for (const finding of findings) console.error(finding);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
