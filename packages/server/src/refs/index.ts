export { createdRef, createRefs, type Refs } from "./refs.ts";
export { ownChanges } from "./own-changes.ts";
export { refNotValid } from "./ref-error.ts";
