/** The door of the operation room: work on files that is not one transaction, and its end in any case (W-9, W-11). */
export type { HeldOperation } from "./held-operation.ts";
export { keeperOf, NotYet, Operations, type Owner } from "./operations.ts";
