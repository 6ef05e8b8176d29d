export type { Output } from "./frame-writer.ts";
export { runProgram } from "./run-program.ts";
