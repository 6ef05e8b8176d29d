import { linuxProcessTable } from "./linux-process-table.ts";
import type { ProcessTable } from "./process-table.ts";
import { psProcessTable } from "./ps-process-table.ts";

/** The process table for an operating system as `process.platform` names it. */
export function processTable(platform: NodeJS.Platform): ProcessTable {
  return platform === "linux" ? linuxProcessTable : psProcessTable();
}
