import type { Store } from "../../src/store/index.ts";

/** One opened store of an engine, as the contract sees it. */
export type Engine = {
  store: Store;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Store>;
  /** Closes the store and removes its data. */
  close(): Promise<void>;
  /** Makes everything stored so far older by `ms`: an engine stamps rows with its own clock, which no test can move. */
  age(ms: number): Promise<void>;
};

export type OpenEngine = () => Promise<Engine>;

/** How much of the heavy cases a run of the contract does. */
export type ContractSize = {
  propertyRuns: number;
  /** Exchanges of a long history; two messages each, over several pages of the reverse stream. */
  longHistory: number;
};
