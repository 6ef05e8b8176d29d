export { DATABASE_FILE, openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
