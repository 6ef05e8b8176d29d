import { HoldfastError } from "@holdfast/kernel";
import type { Caveats, RefId } from "@holdfast/protocol";
import type { RefEnd } from "../port.ts";

/** The one answer to whoever comes with a ref that does not work, whatever the reason (S-15). */
export const refNotValid = (): HoldfastError =>
  new HoldfastError("REF_NOT_VALID", "This ref does not work. Ask its owner for another one.");

/** What decides whether a ref works, of itself and of each above it. */
export type RefFacts = {
  id: RefId;
  epoch: number;
  caveats: Caveats;
  uses: number;
  isRevoked: boolean;
  /** It was seen to have expired: a clock that is set back does not undo that. */
  hasExpired: boolean;
};

/**
 * Why a ref does not work any more, by the facts of itself and of those above it, itself first (S-13, S-15); undefined: it works. `epoch` is the session's,
 * undefined once the session is gone. Exhaustion is looked at last, so that a repetition can be told from a new use.
 */
export function refEnd(
  line: readonly RefFacts[],
  { epoch, now }: { epoch: number | undefined; now: number },
): RefEnd | undefined {
  if (epoch === undefined) return "targetGone";
  const [self] = line;
  if (self?.isRevoked === true) return "revoked";
  if (line.some((each) => each.isRevoked)) return "parentRevoked";
  if (line.some((each) => each.epoch < epoch)) return "epoch";
  if (line.some((each) => each.hasExpired || (each.caveats.expiresAt ?? Infinity) <= now)) return "expired";
  if (line.some((each) => each.uses >= (each.caveats.maxUses ?? Infinity))) return "exhausted";
  return undefined;
}

/** When a ref ends by itself, or one above it does. */
export function refExpiry(line: readonly Pick<RefFacts, "caveats">[]): number | undefined {
  const ends = line.flatMap(({ caveats }) => caveats.expiresAt ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}
