/** Plays turns of T-1 on one side and prints how many commits they took. Arguments: directory, side, sessions, turns of each. */
import { openBaseline } from "./baseline-sqlite.ts";
import { openProduct } from "./ingestion-product.ts";
import { playTurns } from "./ingestion-turn.ts";

const [directory = "", side = "product", sessions = "1", turns = "1"] = process.argv.slice(2);
const store =
  side === "product" ? await openProduct(directory, Number(sessions)) : await openBaseline(directory);
const before = store.work().commits;
await playTurns(store, Number(sessions), Number(turns));
const commits = store.work().commits - before;
await store.close();
process.stdout.write(JSON.stringify({ commits }));
