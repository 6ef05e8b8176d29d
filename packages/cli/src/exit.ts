import { HoldfastApiError, HoldfastConnectionError } from "@holdfast/client";
import type { Turn } from "@holdfast/protocol";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";

/** The exit code of what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof HoldfastConnectionError) return EXIT.unreachable;
  if (!(error instanceof HoldfastApiError)) return EXIT.failed;
  switch (error.status) {
    case 400:
    case 413:
    case 415:
      return EXIT.usage;
    case 401:
    case 403:
      return EXIT.refused;
    case 404:
    case 410:
      return EXIT.notFound;
    case 409:
    case 429:
      return EXIT.conflict;
    case 422:
      return error.code === "AGENT_UNAVAILABLE" ? EXIT.failed : EXIT.usage;
    case 503:
      return EXIT.unreachable;
    default:
      return EXIT.failed;
  }
}

/** The code of what a command threw, for programs: the API's own, else the error's name. */
export function errorCodeOf(error: unknown): string {
  if (error instanceof HoldfastApiError) return error.code;
  return error instanceof Error ? error.name : "Error";
}

/** What happened to a run beside its turn. */
export type RunFacts = {
  /** We were interrupted (SIGINT) and stopped the turn. */
  interrupted?: boolean;
  /** The time was up, and we stopped the turn. */
  timedOut?: boolean;
  /** A permission request of the turn was rejected, or one or a question expired. */
  denied?: boolean;
};

/**
 * The exit code of a finished turn (I-11): from its final state, never from errors seen on the way. A turn that completed without
 * something that was denied to it has not done what was asked: 5.
 */
export function exitCodeOfTurn(turn: Pick<Turn, "state" | "reason">, facts: RunFacts = {}): ExitCode {
  switch (turn.state) {
    case "completed":
      return facts.denied === true ? EXIT.denied : EXIT.completed;
    case "failed":
      if (turn.reason === "timeout") return EXIT.timeout;
      return turn.reason === "denied" ? EXIT.denied : EXIT.failed;
    case "aborted":
      if (facts.timedOut === true) return EXIT.timeout;
      return facts.interrupted === true ? EXIT.interrupted : EXIT.failed;
    case "queued":
    case "running":
    case "finalizing":
      return facts.interrupted === true ? EXIT.interrupted : EXIT.timeout;
  }
}
