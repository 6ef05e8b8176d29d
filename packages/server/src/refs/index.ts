export { refNotValid } from "../store/index.ts";
export { createdRef, createRefs, type Refs } from "./refs.ts";
