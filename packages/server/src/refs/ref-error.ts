import { HoldfastError } from "@holdfast/kernel";

/** The one answer to whoever comes with a ref that does not work, whatever the reason (S-15). */
export const refNotValid = (): HoldfastError =>
  new HoldfastError("REF_NOT_VALID", "This ref does not work. Ask its owner for another one.");
