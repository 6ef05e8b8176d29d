import { isHoldfastError } from "@holdfast/kernel";
import type { Applied, Replay } from "../store/index.ts";
import type { Caller, SessionDeps } from "./deps.ts";

/**
 * What an earlier request under the caller's key made, for a request that is refused: a repetition is answered although something that the first one
 * needed is gone by now, a file or an agent (D-5). Rejects with the refusal when there was none.
 */
export async function madeBefore<K extends keyof Replay>(
  { store }: Pick<SessionDeps, "store">,
  { idempotency }: Caller,
  what: K,
  refusal: unknown,
): Promise<Applied<NonNullable<Replay[K]>>> {
  if (idempotency === undefined || !isHoldfastError(refusal)) throw refusal;
  const value = (await store.findReplay(idempotency))?.[what];
  if (value === undefined) throw refusal;
  return { value, replayed: true };
}
