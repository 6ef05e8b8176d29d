export { joinDeltas } from "./model/index.ts";
export type * from "./port.ts";
