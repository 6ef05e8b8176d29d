import { openSqliteEngine } from "./sqlite-engine.ts";
import { storeContract } from "./store-contract.ts";

storeContract("sqlite", () => openSqliteEngine());
