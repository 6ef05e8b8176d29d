export { joinDeltas, readOnly, secretsOf } from "./model/index.ts";
export type * from "./port.ts";
