/** When the page connects again (I-16): by itself after a growing delay, and at once when there is reason to think that it will work now. Pure. */
import { backoffMs } from "@holdfast/client";
import type { Connection } from "./connection.ts";

/** First and longest delay between two tries to read what the page needs, in ms; streams have the client's own. */
export const RETRY = { baseMs: 500, capMs: 10_000 } as const;

/** Delay after the failed try `attempt` (from 1), in ms; `random` is in [0, 1). */
export const retryMs = (attempt: number, random = Math.random()): number => backoffMs(attempt, RETRY, random);

/** The network came back; somebody looks at the page, or presses a button; the machine slept. */
export type Occasion = "online" | "seen" | "asked" | "slept";

export type Circumstances = {
  connection: Connection["state"];
  isHidden: boolean;
  /** The streams of sessions were let go while nobody looked. */
  isResting: boolean;
};

/**
 * `wake`: every stream is made anew from its cursor, without waiting for the delay. `lead`: this window does so for all, because the one
 * that leads may be hidden, and its timers slow.
 */
export function reactionTo(occasion: Occasion, now: Circumstances): "none" | "wake" | "lead" {
  if (now.connection === "refused") return "none";
  const isTroubled = now.connection === "troubled" || now.connection === "offline";
  switch (occasion) {
    case "asked":
      return "lead";
    case "online":
      // Sockets of the network before may look alive for half a minute.
      return "wake";
    case "seen":
      if (isTroubled) return "lead";
      return now.isResting ? "wake" : "none";
    case "slept":
      return now.isHidden ? "none" : "wake";
  }
}
