/**
 * `holdfast/store`: the store without a server, for programs that embed it, and what an engine of one's own needs (I-28). Unstable: any release may
 * change it, and what an engine must do is what `holdfast/store/contract` holds it to.
 */
import type { Store } from "../store/index.ts";
import { openSqliteStore as openEngine, type SqliteStoreOptions } from "../store/sqlite/index.ts";

export { type Clock, HoldfastError, isHoldfastError, type Logger, newId } from "@holdfast/kernel";
export {
  type DirectoryLock,
  DirectoryLockedError,
  type DirectoryOwner,
  lockDirectory,
} from "@holdfast/sqlite";
export { joinDeltas } from "../store/index.ts";
export type * from "../store/index.ts";
export { DATABASE_FILE, type SqliteStoreOptions } from "../store/sqlite/index.ts";

/**
 * Opens the embedded engine in a directory, which it makes where there is none, and migrates what is there. Take the directory's lock before
 * (`lockDirectory`): one process works in a directory (D-17). Rejects when its schema is newer, and on a network file system unless `force`.
 */
export const openSqliteStore = (options: SqliteStoreOptions): Promise<Store> => openEngine(options);
