/*
 * Installs the real agents of the system tests into test-agents/node_modules, when missing or when the lock file changed.
 * `node test-agents/install.ts` by hand; `npm test` and CI call it first. `npm ci` of the repository never does. With `--heavy` it installs those of
 * test-agents/heavy instead, which only `npm run matrix -- --all` uses.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** What can be installed: a directory with a lock file of its own, and about how much it unpacks, in MB. */
interface Bundle {
  directory: string;
  megabytes: number;
}
/** The agents of the normal tests. */
const everyday: Bundle = { directory: import.meta.dirname, megabytes: 620 };
/** Those that only `npm run matrix -- --all` drives. */
export const heavy: Bundle = { directory: path.join(import.meta.dirname, "heavy"), megabytes: 950 };
/** The command that a person runs when the agents are missing. */
export const installCommand = "node test-agents/install.ts";
/** Longest installation. */
const INSTALL_DEADLINE_MS = 10 * 60_000;
/** How long npm may take to end after SIGTERM. */
const STOP_GRACE_MS = 5000;

const stampFile = ({ directory }: Bundle): string =>
  path.join(directory, "node_modules", ".holdfast-lock-sha256");

async function lockHash({ directory }: Bundle): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path.join(directory, "package-lock.json")))
    .digest("hex");
}

/** True when what the lock file names is installed: the stamp is written after a whole installation only. */
async function isInstalled(bundle: Bundle): Promise<boolean> {
  const stamp = await readFile(stampFile(bundle), "utf8").catch(() => "");
  return stamp.trim() === (await lockHash(bundle));
}

/** Installs the agents unless they are; rejects with an error that names the command to run by hand. Idempotent. */
export async function install(print: (line: string) => void, bundle: Bundle = everyday): Promise<void> {
  if (await isInstalled(bundle)) return print("test-agents: installed and up to date");
  print(
    `test-agents: installing the real agents with npm ci (about ${bundle.megabytes} MB), at most 10 minutes`,
  );
  await rm(stampFile(bundle), { force: true });
  const failure = await npmCi(bundle);
  if (failure !== undefined)
    throw new Error(
      `test-agents: ${failure}; with a network, run: ${installCommand}${bundle === heavy ? " --heavy" : ""}`,
    );
  await writeFile(stampFile(bundle), `${await lockHash(bundle)}\n`);
  print("test-agents: installed");
}

/** Runs npm under this very node, so that a package's `engines` is judged by the node that will run it. */
async function npmCi({ directory }: Bundle): Promise<string | undefined> {
  const searchPath = [path.dirname(process.execPath), process.env["PATH"] ?? ""].join(path.delimiter);
  // None of the packages needs its install script: they ship built programs.
  const child = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: directory,
    env: { ...process.env, PATH: searchPath },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`npm did not start (${error.message})`));
    child.once("exit", (code, signal) =>
      resolve(code === 0 ? undefined : `npm ci ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  const timer = new AbortController();
  const late = sleep(INSTALL_DEADLINE_MS, "late" as const, { signal: timer.signal }).catch(() => undefined);
  const first = await Promise.race([ended, late]);
  if (first === "late" && child.pid !== undefined) {
    process.kill(-child.pid, "SIGTERM");
    await Promise.race([ended, sleep(STOP_GRACE_MS)]);
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
    return `npm ci took longer than ${INSTALL_DEADLINE_MS / 60_000} minutes`;
  }
  timer.abort();
  return first;
}

if (import.meta.main) {
  try {
    const bundle = process.argv.includes("--heavy") ? heavy : everyday;
    await install((line) => void process.stdout.write(`${line}\n`), bundle);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
