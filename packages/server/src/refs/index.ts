export { createdRef, createRefs, type RefBy, type Refs } from "./refs.ts";
export { ownChanges } from "./own-changes.ts";
export { refNotValid } from "./ref-error.ts";
