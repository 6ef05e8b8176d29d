import type { Catcher } from "../sabotage.ts";

/** Where the embedded engine is. */
export const ENGINE = "packages/server/src/store/sqlite";

/** A case of the store's contract, run on the embedded engine. */
export const contract = (topic: string, title: string): Catcher => ({
  file: "packages/server/test/contract/sqlite.test.ts",
  title,
  from: `packages/server/test/contract/${topic}.ts`,
});
