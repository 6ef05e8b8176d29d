export { joinDeltas, secretsOf } from "./model/index.ts";
export type * from "./port.ts";
