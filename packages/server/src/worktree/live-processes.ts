/** Processes that work in a directory (W-10 a): terminals, servers, whatever has its working directory there. */
import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { sep } from "node:path";

const LSOF_MS = 10_000;
const LSOF_BYTES = 16 * 1024 * 1024;

export type LiveIn = { pid: number; directory: string };

/**
 * Processes whose working directory is `path` or below, never this one. Those of other users cannot be seen unless this is the superuser.
 * Rejects where the machine cannot be asked.
 */
export async function processesIn(path: string): Promise<LiveIn[]> {
  const all = process.platform === "linux" ? await listByProc() : await listByLsof();
  return all.filter(
    ({ pid, directory }) => pid !== process.pid && (directory === path || directory.startsWith(path + sep)),
  );
}

async function listByProc(): Promise<LiveIn[]> {
  const found: LiveIn[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const directory = await readlink(`/proc/${name}/cwd`).catch(() => undefined);
    if (directory !== undefined) found.push({ pid: Number(name), directory });
  }
  return found;
}

function listByLsof(): Promise<LiveIn[]> {
  const options = {
    timeout: LSOF_MS,
    maxBuffer: LSOF_BYTES,
    env: { PATH: "/usr/sbin:/usr/bin:/bin", LC_ALL: "C" },
  };
  return new Promise((resolve, reject) => {
    execFile("lsof", ["-w", "-d", "cwd", "-F", "pn"], options, (error, stdout) => {
      // It also ends with 1 when it could not see everything, which is so for every user but the superuser.
      if (error !== null && stdout === "") reject(new Error("lsof gave no answer", { cause: error }));
      else resolve(parseLsof(stdout));
    });
  });
}

/** Lines of `lsof -F pn`: `p<pid>`, then `n<directory>`. Exported for its table. */
export function parseLsof(text: string): LiveIn[] {
  const found: LiveIn[] = [];
  let pid = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    else if (line.startsWith("n") && pid > 0) found.push({ pid, directory: line.slice(1) });
  }
  return found;
}

/** Whether a living process names `path` on its command line: a git that a dead server left at work there. `false` where that cannot be asked. */
export async function isNamedByProcess(path: string): Promise<boolean> {
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    const [program = "", ...args] = line.split("\0");
    if (/(^|\/)git$/.test(program) && args.some((arg) => arg === path)) return true;
  }
  return false;
}
