/**
 * The program: arguments, the connection, and the end of the process.
 *
 * It ends when stdin ends, when stdout is gone, and on SIGTERM or SIGINT; running commands end with it, spawned
 * grandchildren (SPAWN) do not.
 */
import { RehearsalAgent } from "./agent.ts";
import { noFaults, type Faults } from "./faults.ts";
import { rehearsalHome } from "./home.ts";
import { MemoryStore } from "./session-memory.ts";
import { killShellGroups } from "./shell-command.ts";
import { openStdio } from "./stdio.ts";
import { packageVersion } from "./version.ts";

const USAGE = `usage: holdfast-rehearsal [--version]

An ACP agent on stdin and stdout that needs no key and no network; it obeys directives.
`;

const BAD_USAGE_EXIT_CODE = 2;

/** Runs the program with its arguments (without node and script): serves, or prints what was asked. */
export function main(args: readonly string[]): void {
  const [first] = args;
  if (first === undefined) {
    serve(noFaults);
  } else if (first === "--version" || first === "--help") {
    process.stdout.write(first === "--version" ? `${packageVersion()}\n` : USAGE);
  } else {
    process.stderr.write(`unknown argument ${first}\n${USAGE}`);
    process.exitCode = BAD_USAGE_EXIT_CODE;
  }
}

/** Serves ACP on stdin and stdout until the process ends. */
export function serve(faults: Faults): void {
  const { stream, writeLine } = openStdio(process.stdin, process.stdout);
  const end = () => {
    killShellGroups();
    process.exit(0);
  };
  process.stdout.on("error", end);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (faults.obeysTerm || signal === "SIGINT") end();
    });
  }
  const rehearsal = new RehearsalAgent(new MemoryStore(rehearsalHome()), packageVersion());
  const connection = rehearsal.connect(faults.wrapStream(stream, writeLine));
  connection.signal.addEventListener("abort", () => (faults.obeysEndOfInput ? end() : keepAlive()));
}

const KEEP_ALIVE_MS = 60_000;

function keepAlive(): void {
  setInterval(() => {}, KEEP_ALIVE_MS);
}
