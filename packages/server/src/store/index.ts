export { joinDeltas, readOnly, refNotValid, secretsOf } from "./model/index.ts";
export type * from "./port.ts";
