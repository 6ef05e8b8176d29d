import type { Sabotage } from "../sabotage.ts";
import { AGENT_FILES } from "./agent-files.ts";
import { AGENTS } from "./agents.ts";
import { BLOBS } from "./blobs.ts";
import { CHANGES } from "./changes.ts";
import { DURABLE } from "./durable.ts";
import { EVENTS } from "./events.ts";
import { FILES } from "./files.ts";
import { HTTP } from "./http.ts";
import { REFS } from "./refs.ts";
import { RUNNER } from "./runner.ts";
import { SHARING } from "./sharing.ts";
import { SOURCES } from "./sources.ts";
import { STORE } from "./store.ts";
import { TURN } from "./turn.ts";
import { WHAT_LEAVES } from "./what-leaves.ts";
import { WORKTREES } from "./worktrees.ts";

/** Every sabotage, in the order of the house from the disk up. */
export const SABOTAGES: readonly Sabotage[] = [
  ...RUNNER,
  ...STORE,
  ...BLOBS,
  ...FILES,
  ...WORKTREES,
  ...CHANGES,
  ...EVENTS,
  ...TURN,
  ...AGENTS,
  ...AGENT_FILES,
  ...SHARING,
  ...DURABLE,
  ...REFS,
  ...SOURCES,
  ...HTTP,
  ...WHAT_LEAVES,
];
