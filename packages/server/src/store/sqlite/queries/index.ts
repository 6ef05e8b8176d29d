export { sqliteQueries } from "./bounded-reads.ts";
export { inspect } from "./inspect.ts";
