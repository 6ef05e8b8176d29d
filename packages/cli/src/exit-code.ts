/** Exit codes (I-11); scripts rely on them. */
export const EXIT = {
  completed: 0,
  failed: 1,
  usage: 2,
  timeout: 3,
  notFound: 4,
  denied: 5,
  unreachable: 6,
  conflict: 7,
  refused: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What they mean, for `holdfast help exit-codes`. */
export const EXIT_HELP: readonly (readonly [ExitCode, string])[] = [
  [EXIT.completed, "completed"],
  [EXIT.failed, "failed"],
  [EXIT.usage, "wrong usage or configuration"],
  [EXIT.timeout, "timeout"],
  [EXIT.notFound, "not found"],
  [EXIT.denied, "permission denied, or something asked and unanswered"],
  [EXIT.unreachable, "server unreachable"],
  [EXIT.conflict, "conflict or busy"],
  [EXIT.refused, "the server did not let it in: another token, or one that was replaced"],
  [EXIT.interrupted, "stopped by Ctrl-C"],
];

/** A refusal of this program itself, with the code it exits with. Its message is for people. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
