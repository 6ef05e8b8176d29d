/** `timeout`: it was ended at its deadline. `missing`: there is no git program, or its directory is gone. `tooLong`: it answered more than allowed. */
export type GitErrorCode = "timeout" | "missing" | "failed" | "dubiousOwnership" | "tooLong";

/** What a git process ended with. Its message is for logs; callers branch on `code`. */
export class GitError extends Error {
  readonly code: GitErrorCode;
  readonly exitCode: number | undefined;
  /** The end of what it wrote to stderr, redacted. */
  readonly stderrTail: string;

  constructor(code: GitErrorCode, message: string, about: { exitCode?: number; stderrTail?: string } = {}) {
    super(message);
    this.name = "GitError";
    this.code = code;
    this.exitCode = about.exitCode;
    this.stderrTail = about.stderrTail ?? "";
  }
}

export function isGitError(value: unknown, code?: GitErrorCode): value is GitError {
  return value instanceof GitError && (code === undefined || value.code === code);
}
