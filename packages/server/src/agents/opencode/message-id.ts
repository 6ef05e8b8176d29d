import { randomHex } from "@holdfast/kernel";

const TIME_DIGITS = 12;
const RANDOM_BYTES = 7;
const COUNTER_BITS = 12n;

/**
 * An id for the user's message, in opencode's own form: it sorts messages by id, so ours must stand behind all earlier ones and before the
 * answer. The milliseconds with a counter of 0 do, because opencode's own counter begins at 1 in each.
 */
export function userMessageId(now: number): string {
  const time = (BigInt(Math.floor(now)) << COUNTER_BITS) & ((1n << BigInt(TIME_DIGITS * 4)) - 1n);
  return `msg_${time.toString(16).padStart(TIME_DIGITS, "0")}${randomHex(RANDOM_BYTES)}`;
}
