import type { UpdateClass } from "./content-update.ts";

/**
 * Where a connection stands between two lines: no session id yet; inside a load or resume, whose replay is not wanted because our
 * store is the only history; between prompts; inside one.
 */
export type FeedPhase = "opening" | "replaying" | "idle" | "prompting";

/** What becomes of an update: kept until the id is known, dropped, given to the turn, applied as state, or noted. */
export type UpdatePlace = "hold" | "drop" | "turn" | "state" | "late" | "raw" | "stranger";

/** Decides where an update goes. Pure and total: its table is the test. */
export function placeUpdate(phase: FeedPhase, isOurs: boolean, kind: UpdateClass): UpdatePlace {
  if (phase === "opening") return "hold";
  if (!isOurs) return "stranger";
  switch (kind) {
    case "state":
      return "state";
    case "echo":
      return "drop";
    case "content":
      return phase === "replaying" ? "drop" : phase === "prompting" ? "turn" : "late";
    case "unknown":
      return phase === "replaying" ? "drop" : "raw";
  }
}
