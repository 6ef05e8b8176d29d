import { CommanderError } from "commander";
import { EXIT } from "./exit-code.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command line (without the program's name); answers the exit code and never throws. What went wrong is said on stderr, in words.
 */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.completed;
  const program = createProgram((code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has said on stderr what it did not understand.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.completed : EXIT.usage;
    return report(error);
  }
}

async function report(error: unknown): Promise<number> {
  // The classes of the client's errors; loaded by now or cheap against what went wrong.
  const { exitCodeOf } = await import("./exit.ts");
  const { describe } = await import("./describe-error.ts");
  process.stderr.write(`holdfast: ${describe(error)}\n`);
  return exitCodeOf(error);
}
