/** Plays turns of T-1 on one side, in a process of its own, and prints how many there were in a second. Arguments: directory, side, sessions, turns of each. */
import { openBaseline } from "./baseline-sqlite.ts";
import { openProduct } from "./ingestion-product.ts";
import { playTurns } from "./ingestion-turn.ts";

const [directory = "", side = "product", sessions = "1", turns = "1"] = process.argv.slice(2);
const store =
  side === "product" ? await openProduct(directory, Number(sessions)) : await openBaseline(directory);
await playTurns(store, Number(sessions), Math.ceil(Number(turns) / 2));
const began = performance.now();
await playTurns(store, Number(sessions), Number(turns));
const perSecond = (Number(sessions) * Number(turns) * 1_000) / (performance.now() - began);
await store.close();
process.stdout.write(JSON.stringify({ perSecond }));
