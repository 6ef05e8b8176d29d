import { HoldfastError, storageRefusal } from "@holdfast/kernel";

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that decide what a failure means here. */
const PRIMARY = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, FULL: 13, CANTOPEN: 14, PROTOCOL: 15 } as const;
const REFUSED: readonly number[] = [
  PRIMARY.BUSY,
  PRIMARY.LOCKED,
  PRIMARY.READONLY,
  PRIMARY.IOERR,
  PRIMARY.FULL,
  PRIMARY.CANTOPEN,
  PRIMARY.PROTOCOL,
];
/** SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC: after them nobody knows what is on the disk. */
const LOST_SYNC: readonly number[] = [10 | (4 << 8), 10 | (5 << 8)];

/** The commit's outcome is unknown or the transaction was broken: the thread answers nothing any more (D-34). */
export class FailStop extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "FailStop";
  }
}

/** Extended result code of an error of node:sqlite; undefined for every other value. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  return error.errcode;
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && ((code & 0xff) === PRIMARY.BUSY || (code & 0xff) === PRIMARY.LOCKED);
}

/** The failed step was a sync, or it was the commit itself and the disk failed under it. */
export function isFailStop(error: unknown, during: "commit" | "statement"): boolean {
  const code = sqliteCode(error);
  if (code === undefined) return false;
  return LOST_SYNC.includes(code) || (during === "commit" && (code & 0xff) === PRIMARY.IOERR);
}

/** The 503 for a full, read-only, busy or failing disk that the database met, or a file beside it (`storageRefusal`); undefined when the error says something else. */
export function databaseRefusal(error: unknown): HoldfastError | undefined {
  const code = sqliteCode(error);
  if (code === undefined) return storageRefusal(error);
  if (!REFUSED.includes(code & 0xff)) return undefined;
  return new HoldfastError("STORAGE_UNAVAILABLE", `The store cannot write now: ${REASON[code & 0xff]}.`, {
    cause: error,
  });
}

const REASON: Record<number, string> = {
  [PRIMARY.BUSY]: "another program holds the database",
  [PRIMARY.LOCKED]: "another statement holds the table",
  [PRIMARY.READONLY]: "the database is read-only",
  [PRIMARY.IOERR]: "the disk reported an error",
  [PRIMARY.FULL]: "the disk is full",
  [PRIMARY.CANTOPEN]: "a database file cannot be opened",
  [PRIMARY.PROTOCOL]: "another program holds the database's log",
};
