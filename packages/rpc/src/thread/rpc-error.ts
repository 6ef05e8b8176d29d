import type { Problem } from "@holdfast/protocol";

/** An error as a peer sees it: a code of the table, and the problem document of REST where there is one. */
export class RpcError extends Error {
  readonly code: string;
  readonly problem: Problem | undefined;

  constructor(code: string, detail: string, problem?: Problem) {
    super(detail);
    this.code = code;
    this.problem = problem;
  }
}

export const errorOf = (problem: Problem): RpcError => new RpcError(problem.code, problem.detail, problem);

/** What a peer sees of an error: ours as they are, of capnweb's own whether the stub has no such method, of all others nothing but that there was one. */
export function shownError(error: unknown): Error {
  const shown =
    error instanceof RpcError
      ? error
      : error instanceof TypeError && /is not a function/.test(error.message)
        ? new RpcError("FORBIDDEN", "This stub does not do that.")
        : new RpcError("INTERNAL", "Something broke inside the server.");
  delete shown.stack;
  return shown;
}
