import { createHash } from "node:crypto";
import type { ProcessRow } from "../store/index.ts";

/** A process as the operating system shows it now. Zombies are not shown: they count as dead. */
export type LiveProcess = {
  pid: number;
  /** The kernel's start tick, or what `ps` prints; tells a recycled pid apart. */
  startTime: string;
  group: number;
  /** Its arguments, or the one line that `ps` prints. */
  argv: readonly string[];
};

/** Hash of an argument list, salted with the launch id so that equal secrets in two of them do not look alike. */
export function argvHash(launchId: string, argv: readonly string[]): string {
  return createHash("sha256")
    .update(`${launchId}\0${argv.join(" ")}`)
    .digest("hex");
}

/** Words that an interpreter puts before the arguments of a script: `node script`, `env -S node script`. */
const MAX_INTERPRETER_WORDS = 3;

/**
 * Whether `live` is the root that `row` recorded: same pid, same start, same arguments, where an interpreter named by the
 * script's first line may stand before them. False for a recycled pid.
 */
export function isRecordedRoot(row: ProcessRow, live: LiveProcess): boolean {
  if (row.pid !== live.pid || row.startTime === undefined || row.startTime !== live.startTime) return false;
  const words = live.argv.flatMap((argument) => argument.split(" "));
  return Array.from({ length: MAX_INTERPRETER_WORDS + 1 }, (_, skipped) => words.slice(skipped)).some(
    (rest) => rest.length > 0 && argvHash(row.launchId, rest) === row.argvHash,
  );
}
