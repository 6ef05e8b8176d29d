import type { Logger } from "@holdfast/kernel";
import { destination, pino } from "pino";

/** Structured logs on stderr (I-7, I-10). Synchronous, so that the last line before a crash is there. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null }, destination({ fd: 2, sync: true }));
}
