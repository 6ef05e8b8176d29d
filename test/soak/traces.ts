/** What a server keeps of the operating system's: file descriptors, memory, and the processes that carry its launch ids. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { processesWith } from "../harness/index.ts";

/** A row of the store's process table. */
export type Launch = { launchId: string; sessionId: string; pid: number | null; directory: string | null };

/** The store's process table, read beside the living server. */
export function launchesIn(root: string): Launch[] {
  const database = new DatabaseSync(join(root, "data", "holdfast.db"), { readOnly: true });
  try {
    return database
      .prepare(
        "SELECT launch_id AS launchId, session_id AS sessionId, pid, temporary_directory AS directory FROM process",
      )
      .all() as Launch[];
  } finally {
    database.close();
  }
}

/** Living processes of this directory's servers that carry a launch id, with the id. */
export function launchedIn(root: string): { pid: number; launchId: string }[] {
  return processesWith(root).flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      const launchId = /(?:^|\0)HOLDFAST_LAUNCH_ID=([^\0]+)/.exec(environment)?.[1];
      return launchId === undefined ? [] : [{ pid, launchId }];
    } catch {
      return [];
    }
  });
}

/** Open descriptors of a process without its TCP connections, which come and go with its clients. */
export function handlesOf(pid: number): number {
  const tcp = new Set(["tcp", "tcp6"].flatMap((name) => tcpSockets(pid, name)));
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      const socket = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return socket === undefined || !tcp.has(socket);
    } catch {
      return false;
    }
  }).length;
}

/** Inodes of the TCP sockets of a process's network. */
function tcpSockets(pid: number, name: string): string[] {
  return readFileSync(`/proc/${pid}/net/${name}`, "utf8")
    .split("\n")
    .slice(1)
    .flatMap((line) => line.trim().split(/\s+/)[9] ?? []);
}

/** Resident memory, in MiB. */
export function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1_024);
}
