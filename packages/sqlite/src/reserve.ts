import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorText, type Logger } from "@holdfast/kernel";
import { bytesFree } from "./migration-copy.ts";
import { syncDirectory, writeZeros } from "./synced-file.ts";

/** D-34: 16 MiB, released to finish running turns when the disk is full. */
export const DEFAULT_RESERVE_BYTES = 16_777_216;

const reservePath = (directory: string) => join(directory, "reserve");

/** Takes the reserve's bytes from the disk, if they are not held already and as much again stays free. Never fails the start. */
export function holdReserve(directory: string, bytes: number, logger: Logger): void {
  const path = reservePath(directory);
  try {
    if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return;
    if (bytesFree(directory) < 2 * bytes) {
      rmSync(path, { force: true });
      logger.warn({ directory, bytes }, "the disk is too full to hold a reserve");
      return;
    }
    writeZeros(path, bytes);
    syncDirectory(directory);
  } catch (error) {
    rmSync(path, { force: true });
    logger.warn({ directory, error: errorText(error) }, "the reserve could not be taken");
  }
}

/** Gives the reserve's bytes back to the disk; false when there was no reserve. It is taken again at the next start. */
export function releaseReserve(directory: string): boolean {
  const path = reservePath(directory);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(path, { force: true });
  return true;
}
