import { delayedStore } from "./delayed-store.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { storeContract } from "./store-contract.ts";

storeContract("sqlite", () => openSqliteEngine());

const seed = Number(process.env["HOLDFAST_TEST_SEED"] ?? Date.now() % 2 ** 32);
console.info(`The delayed engine runs with seed ${seed} (HOLDFAST_TEST_SEED).`);

storeContract("sqlite, every call delayed", () => openSqliteEngine((store) => delayedStore(store, seed)), {
  propertyRuns: 5,
  longHistory: 27,
});
