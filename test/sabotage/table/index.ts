import type { Sabotage } from "../sabotage.ts";
import { RUNNER } from "./runner.ts";

/** Every sabotage, in the order of the house from the disk up. */
export const SABOTAGES: readonly Sabotage[] = [...RUNNER];
