import { isHoldfastError } from "@holdfast/kernel";
import type { ErrorCode } from "@holdfast/protocol";

/** Code of the refusal that a command rejects with; fails when it was applied, or broke otherwise. */
export async function refusalOf(command: Promise<unknown>): Promise<ErrorCode> {
  const outcome = await command.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in outcome) throw new Error(`Expected a refusal, got ${JSON.stringify(outcome.value)}.`);
  if (!isHoldfastError(outcome.error)) throw outcome.error;
  return outcome.error.code;
}

/** Codes of several commands that were given at once. */
export const refusalsOf = (commands: readonly Promise<unknown>[]): Promise<ErrorCode[]> =>
  Promise.all(commands.map(refusalOf));
