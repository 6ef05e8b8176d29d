export { commandModule } from "./command-module.ts";
export { DATABASE_FILE, openSqliteStore, sqliteStoreOn, type SqliteStoreOptions } from "./sqlite-store.ts";
