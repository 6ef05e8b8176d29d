export { sqliteQueries } from "./bounded-reads.ts";
export { unneededSnapshots } from "./change.ts";
export { inspect } from "./inspect.ts";
