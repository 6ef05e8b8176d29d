import { isHoldfastError } from "@holdfast/kernel";
import type { Runner } from "@holdfast/sqlite";
import type { CommandArgs, CommandName, CommandResult } from "./commands/index.ts";

/** Commands that end a turn: what the reserve is kept for. */
const ENDS_TURNS: ReadonlySet<CommandName> = new Set(["beginFinalize", "finalizeTurn"]);

/**
 * Runs commands of a runner. On a full disk the reserve file is given back as soon as a turn cannot be ended (D-34); the refusal goes to the
 * caller all the same, who tries again.
 */
export function runWithReserve(runner: Pick<Runner, "run" | "releaseReserve">) {
  return async <N extends CommandName>(command: N, args: CommandArgs<N>): Promise<CommandResult<N>> => {
    if (!ENDS_TURNS.has(command)) return runner.run(command, args);
    try {
      return await runner.run(command, args);
    } catch (error) {
      if (isHoldfastError(error, "STORAGE_UNAVAILABLE")) runner.releaseReserve();
      throw error;
    }
  };
}
