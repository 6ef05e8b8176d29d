/**
 * The one place that knows when a failed file means that the machine cannot store now (D-34): whatever is written (blobs, temporary files,
 * repositories, records), by whomever (this program, or git for it).
 */
import { HoldfastError, isHoldfastError } from "./error.ts";

type Reason = {
  reason: "full" | "quota" | "readOnly" | "broken" | "tooManyFiles" | "noDirectory";
  text: string;
};

const QUOTA: Reason = { reason: "quota", text: "the disk quota is used up. Make room" };

/** By the names of errno(3); a used-up quota has a number only in Node, that of Linux or of macOS. */
const REASONS: Readonly<Record<string, Reason>> = {
  ENOSPC: { reason: "full", text: "the disk is full. Make room" },
  EDQUOT: QUOTA,
  "Unknown system error -122": QUOTA,
  "Unknown system error -69": QUOTA,
  EROFS: { reason: "readOnly", text: "the file system is read-only. Mount it for writing" },
  EIO: { reason: "broken", text: "the disk reported an error. Look at the disk" },
  EMFILE: { reason: "tooManyFiles", text: "the program has too many files open. Wait" },
  ENFILE: { reason: "tooManyFiles", text: "the machine has too many files open. Wait" },
};

/** What Node's recursive mkdir says of every trouble but a full disk and missing rights (EROFS, EIO, EDQUOT ...): the parent would have been made. */
const NO_DIRECTORY: Reason = {
  reason: "noDirectory",
  text: "a directory cannot be made. Look at the disk",
};

/** How programs tell the same at the end of a line, in the locale C; `Out of diskspace` is git's own. */
const SAID: Readonly<Record<string, string>> = {
  "No space left on device": "ENOSPC",
  "Out of diskspace": "ENOSPC",
  "Disk quota exceeded": "EDQUOT",
  "Read-only file system": "EROFS",
  "Input/output error": "EIO",
  "Too many open files": "EMFILE",
  "Too many open files in system": "ENFILE",
};
const SAYS = new RegExp(`[:.] (${Object.keys(SAID).join("|")})\\.?$`, "m");

/** Causes of an error that are looked at. */
const DEPTH = 8;

/**
 * The 503 for a full, read-only or failing disk, or for too many open files, from whatever was thrown, causes included; a refusal of that code
 * is answered as it is. `undefined` when the error says something else, or a refusal has decided otherwise. `data.reason` names the trouble.
 */
export function storageRefusal(error: unknown): HoldfastError | undefined {
  let at = error;
  for (let depth = 0; depth < DEPTH && at instanceof Error; depth += 1, at = at.cause) {
    if (isHoldfastError(at)) return at.code === "STORAGE_UNAVAILABLE" ? at : undefined;
    const reason = reasonOf(at);
    if (reason !== undefined) return refusal(reason, error);
  }
  return undefined;
}

/** The same for what a program wrote to stderr before it failed. */
export function toldStorageRefusal(stderr: string): HoldfastError | undefined {
  const said = SAYS.exec(stderr)?.[1];
  const reason = said === undefined ? undefined : REASONS[SAID[said] ?? ""];
  return reason && refusal(reason, new Error(stderr.slice(-1_024)));
}

function reasonOf({ code, syscall }: NodeJS.ErrnoException): Reason | undefined {
  if (code === "ENOENT" && syscall === "mkdir") return NO_DIRECTORY;
  return code !== undefined && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}

function refusal({ reason, text }: Reason, cause: unknown): HoldfastError {
  const message = `Files cannot be written now: ${text}, then try again.`;
  return new HoldfastError("STORAGE_UNAVAILABLE", message, { cause, data: { reason } });
}
