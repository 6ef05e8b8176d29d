/** Processes that work in a directory (W-10): terminals, servers, whatever has its working directory there. */
import { execFile } from "node:child_process";
import { sep } from "node:path";
import { argvOf, directoryOf, listPids, statOf } from "./proc.ts";

const LSOF_MS = 10_000;
const LSOF_BYTES = 16 * 1024 * 1024;

export type LiveIn = { pid: number; directory: string };

/** Every process whose directory may be read, and the parent of any. */
type Listing = { processes: LiveIn[]; parentOf: (pid: number) => Promise<number | undefined> };

/**
 * Processes whose working directory is `path` or below. Not this one and what it started itself: its git works there while it is asked. Those
 * of other users cannot be seen unless this is the superuser. Rejects where the machine cannot be asked.
 */
export async function processesIn(path: string): Promise<LiveIn[]> {
  const { processes, parentOf } = process.platform === "linux" ? await listByProc() : await listByLsof();
  const found: LiveIn[] = [];
  for (const each of processes) {
    if (each.directory !== path && !each.directory.startsWith(path + sep)) continue;
    if (!(await descendsFromUs(each.pid, parentOf))) found.push(each);
  }
  return found;
}

async function descendsFromUs(pid: number, parentOf: Listing["parentOf"]): Promise<boolean> {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = await parentOf(at))
    if (at === process.pid) return true;
  return false;
}

async function listByProc(): Promise<Listing> {
  const processes: LiveIn[] = [];
  for (const pid of await listPids()) {
    const directory = await directoryOf(pid);
    if (directory !== undefined) processes.push({ pid, directory });
  }
  return { processes, parentOf: async (pid) => (await statOf(pid))?.parent };
}

async function listByLsof(): Promise<Listing> {
  const { processes, parents } = parseLsof(await askLsof());
  return { processes, parentOf: (pid) => Promise.resolve(parents.get(pid)) };
}

function askLsof(): Promise<string> {
  const options = {
    timeout: LSOF_MS,
    maxBuffer: LSOF_BYTES,
    env: { PATH: "/usr/sbin:/usr/bin:/bin", LC_ALL: "C" },
  };
  return new Promise((resolve, reject) => {
    execFile("lsof", ["-w", "-R", "-d", "cwd", "-F", "pRn"], options, (error, stdout) => {
      // It also ends with 1 when it could not see everything, which is so for every user but the superuser.
      if (error !== null && stdout === "") reject(new Error("lsof gave no answer", { cause: error }));
      else resolve(stdout);
    });
  });
}

/** Lines of `lsof -F pRn`: `p<pid>`, `R<parent>`, then `n<directory>`. Exported for its table. */
export function parseLsof(text: string): { processes: LiveIn[]; parents: Map<number, number> } {
  const processes: LiveIn[] = [];
  const parents = new Map<number, number>();
  let pid = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    else if (line.startsWith("R") && pid > 0) parents.set(pid, Number(line.slice(1)));
    else if (line.startsWith("n") && pid > 0) processes.push({ pid, directory: line.slice(1) });
  }
  return { processes, parents };
}

/** Whether a living process names `path` on its command line: a git that a dead server left at work there. `false` where that cannot be asked. */
export async function isNamedByProcess(path: string): Promise<boolean> {
  for (const pid of await listPids().catch(() => [])) {
    const [program = "", ...args] = await argvOf(pid);
    if (/(^|\/)git$/.test(program) && args.includes(path)) return true;
  }
  return false;
}
