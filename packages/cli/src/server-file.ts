/**
 * What a server wrote about itself into its data directory, looked at with suspicion: a server that was killed leaves it behind, and whoever has
 * its port then is not to be trusted with a token (I-6).
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseProcessStat, type ServerFile, serverFileSchema } from "@holdfast/protocol";

/** `ended`: the process that wrote it is gone. `unusable`: it is not what a server of this user writes. */
export type FoundServer =
  | { state: "running"; file: ServerFile }
  | { state: "none" }
  | { state: "ended" | "unusable"; why: string };

/** The store's file in the data directory. */
export const DATABASE_FILE = "holdfast.db";
/** Rights that nobody but the owner may have. */
export const OTHERS = 0o077;
/** Far more than a server writes, in bytes. */
const MAX_BYTES = 4_096;
const ROOT = 0;

type RunningProcess = Pick<ServerFile, "pid" | "processStart">;

/** A process of this machine, as files of the data directory name it. */
export const processSchema = serverFileSchema.pick({ pid: true, processStart: true });

/** The server of a data directory, as far as its file and the process table tell; that it answers shows only when it has proven itself. */
export function findServer(dataDirectory: string): FoundServer {
  const path = join(dataDirectory, "server.json");
  let text: string;
  try {
    text = readPrivately(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: "none" };
    return { state: "unusable", why: `${path} cannot be trusted: ${(error as Error).message}` };
  }
  const file = serverFileSchema.safeParse(jsonOf(text)).data;
  if (file === undefined)
    return { state: "unusable", why: `${path} is not what this version of the server writes.` };
  if (!isRunning(file))
    return { state: "ended", why: `The server that wrote ${path} (process ${file.pid}) has ended.` };
  return { state: "running", file };
}

/** The process that has the directory: a server that listens, or one that starts or stops and has no file then. */
export function findHolder(dataDirectory: string): RunningProcess | undefined {
  const found = findServer(dataDirectory);
  if (found.state === "running") return found.file;
  try {
    const owner = processSchema
      .required()
      .parse(JSON.parse(readPrivately(join(dataDirectory, "server.lock.json"))));
    return isRunning(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process still lives. A pid that was given to another process is told apart where there is `/proc`. */
export function isRunning({ pid, processStart }: RunningProcess): boolean {
  if (process.platform === "linux" && processStart !== undefined) return startOfProcess(pid) === processStart;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, as the process table tells it; `undefined` for one that is gone, and where there is no `/proc`. */
export function startOfProcess(pid: number): string | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTime;
  } catch {
    return undefined;
  }
}

/** The content of a small file that is ours alone. Looked at and read by one descriptor, so that it cannot be exchanged between the two. */
export function readPrivately(path: string): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    const { uid, mode, size } = stat;
    if (!stat.isFile() || size > MAX_BYTES) throw new Error("it is no small file.");
    const me = process.getuid?.();
    if (me !== undefined && uid !== me && uid !== ROOT)
      throw new Error(`it belongs to another user (${uid}).`);
    if (me !== undefined && (mode & OTHERS) !== 0)
      throw new Error(`it is open to other users (mode ${(mode & 0o777).toString(8)}).`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
