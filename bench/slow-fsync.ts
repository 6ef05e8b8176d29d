import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What T-3 and T-6 give a sync, in microseconds (targets): about that of a plain disk. */
export const SYNC_US = 2_000;
const DEADLINE_MS = 180_000;

/** The preload, built into a directory. Needs a C compiler (Debian: gcc, libc6-dev). */
function buildPreload(directory: string): string {
  const library = join(directory, "slow-fsync.so");
  const source = join(import.meta.dirname, "slow-fsync.c");
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, source, "-ldl"]);
  return library;
}

/** Runs a measuring program of this folder under the preload; answers the JSON that it printed, and how many syncs there were. */
export async function underSlowSyncs<T>(
  program: string,
  args: readonly string[],
  { directory, delayUs }: { directory: string; delayUs: number },
): Promise<{ measured: T; syncs: number }> {
  const counted = join(directory, "syncs");
  const child = spawn(process.execPath, [join(import.meta.dirname, program), directory, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      LD_PRELOAD: buildPreload(directory),
      FSYNC_DELAY_US: String(delayUs),
      FSYNC_COUNT_FILE: counted,
      UV_USE_IO_URING: "0",
    },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${program} ended with ${code}.`);
  return { measured: JSON.parse(output) as T, syncs: Number(readFileSync(counted, "utf8")) };
}
