import { isHoldfastError } from "@holdfast/kernel";
import type { Runner } from "@holdfast/sqlite";

/** Commands that end a turn: what the reserve is kept for. */
const ENDS_TURNS: ReadonlySet<string> = new Set(["beginFinalize", "finalizeTurn"]);

/**
 * Runs commands of a runner. On a full disk the reserve file is given back as soon as a turn cannot be ended (D-34); the refusal goes to the
 * caller all the same, who tries again.
 */
export function runWithReserve(runner: Pick<Runner, "run" | "releaseReserve">) {
  return async <T>(command: string, args: unknown): Promise<T> => {
    if (!ENDS_TURNS.has(command)) return runner.run<T>(command, args);
    try {
      return await runner.run<T>(command, args);
    } catch (error) {
      if (isHoldfastError(error, "STORAGE_UNAVAILABLE")) runner.releaseReserve();
      throw error;
    }
  };
}
