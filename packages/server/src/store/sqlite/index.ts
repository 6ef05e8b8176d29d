export { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";
