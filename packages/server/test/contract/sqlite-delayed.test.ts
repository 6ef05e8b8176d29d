import { delayedStore } from "./delayed-store.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { storeContract } from "./store-contract.ts";

const seed = Number(process.env["HOLDFAST_TEST_SEED"] ?? Date.now() % 2 ** 32);
console.info(`The delayed engine runs with seed ${seed} (HOLDFAST_TEST_SEED).`);

const open = () => openSqliteEngine((store) => delayedStore(store, seed));

storeContract("sqlite, every call delayed", open, { propertyRuns: 5, longHistory: 27 });
