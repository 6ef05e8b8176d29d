import type { Logger } from "@holdfast/kernel";
import { destination, pino } from "pino";

/** Bytes of lines that are kept for when stderr takes them again, such as a file on a full disk; newer ones are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Structured logs on stderr (I-7, I-10). Synchronous, so that the last line before a crash is there. The server lives without them (D-34). */
export function createLogger(level: string): Logger {
  const stderr = destination({ fd: 2, sync: true, maxLength: MAX_WAITING_BYTES });
  stderr.on("error", () => undefined);
  return pino({ level, base: null }, stderr);
}
