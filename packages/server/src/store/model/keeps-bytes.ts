import type { StoreCommands } from "../port.ts";

/**
 * Whoever it comes from, no row and no event holds text that one reader would see otherwise than another (D-12): what a command is given is cleaned
 * before it runs. These alone name files by the bytes that git has, and hold no words of anybody.
 */
export const KEEPS_BYTES: ReadonlySet<string> = new Set<keyof StoreCommands>([
  "beginOperation",
  "advanceOperation",
  "takeOperation",
  "endOperation",
  "recordChanges",
  "commitReview",
]);
