import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { findServer } from "./server-file.ts";

/** Says that the data directory is a restored one (S-23, S-24), with `from` after it was restored from that copy. */
export async function restore(context: Context, flags: { from?: string }): Promise<ExitCode> {
  const { dataDirectory } = context.settings;
  if (findServer(dataDirectory).state === "running")
    throw new CliError(EXIT.conflict, `A server runs on ${dataDirectory}. Stop it first: holdfast stop`);
  const { restoreDataDirectory } = await import("@holdfast/server");
  const restored = await restoreDataDirectory(dataDirectory, flags.from).catch((error: unknown) => {
    const isLocked = error instanceof Error && error.name === "DirectoryLockedError";
    throw new CliError(isLocked ? EXIT.conflict : EXIT.failed, (error as Error).message);
  });
  const { output, isJson } = context;
  if (isJson) {
    output.json(restored);
    return EXIT.completed;
  }
  output.note(
    `${restored.refs} refs ended, and work no more. ${restored.shares} shares may be taken over once.`,
  );
  if (restored.kept !== undefined) output.note(`What was here before is in ${restored.kept}.`);
  return EXIT.completed;
}
