export type { Output } from "./frame-writer.ts";
export { type ProgramDeps, runProgram } from "./run-program.ts";
