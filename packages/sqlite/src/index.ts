export type {
  CommandCall,
  CommandModule,
  Migration,
  Note,
  Reader,
  Runner,
  RunnerOptions,
  SqlValue,
  Tx,
} from "./contract.ts";
export type { StatementSync } from "node:sqlite";
export {
  type DirectoryLock,
  DirectoryLockedError,
  type DirectoryOwner,
  lockDirectory,
} from "./directory-lock.ts";
export { type InlineRunner, type InlineRunnerOptions, openInlineRunner } from "./inline-runner.ts";
export { isNetworkFileSystem } from "./network-file-system.ts";
export { openRunner } from "./open-runner.ts";
export { releaseReserve } from "./reserve.ts";
export { countOf, readWith, type Sql, type SqlWrite, writeWith } from "./sql.ts";
export { databaseRefusal } from "./sqlite-error.ts";
export { putContent } from "./synced-content.ts";
export { writeSynced } from "./synced-file.ts";
