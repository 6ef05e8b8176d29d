/** The program's beginning: the one place that reads the environment. Standard output belongs to the protocol; whatever else is written goes to the error output. */
import { Console } from "node:console";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import { type Output, runProgram } from "./program/index.ts";
import { programVersion } from "./version.ts";

export function main(_args: readonly string[]): void {
  // The SDK's advice is for programmers; what matters of it is an error of the turn.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
  const home = homedir();
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const configured = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  void runProgram({
    input: process.stdin,
    output: ownOutput(),
    clock: systemClock,
    environment,
    home,
    globalInstructions: [join(configured, "holdfast", "AGENTS.md"), join(home, ".claude", "CLAUDE.md")],
    platform: process.platform,
    version: programVersion(),
  }).finally(() => process.exit(0));
}

/** Hooks and libraries may write: a byte of theirs among the frames would end the connection. */
function ownOutput(): Output {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  globalThis.console = new Console(stderr, stderr);
  return {
    write: (bytes, written) => write(bytes, written),
    on: (event: string, listener: (error: Error) => void) => stdout.on(event, listener),
    end: () => stdout.end(),
  };
}
