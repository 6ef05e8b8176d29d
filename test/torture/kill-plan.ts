import type { Random } from "./random.ts";

/** Where in the server's work a kill falls (durability 11). */
export const PHASES = [
  "start-up",
  "admission",
  "streaming",
  "tool",
  "permission",
  "subtask",
  "own-turn",
  "finalization",
  "recovery",
  "migration",
  "checkpoint",
  "shutdown",
] as const;
export type Phase = (typeof PHASES)[number];

/** What the server writes in its data directory when it is at work there. */
export type FileSign = "copying" | "migrating" | "checkpointing";

/** How the server dies. */
export type Trigger =
  /** It kills itself at a named instant. */
  | { by: "fault"; plan: string }
  /** So long after its start. */
  | { by: "time"; ms: number }
  /** So long after a polite SIGTERM. */
  | { by: "term"; ms: number }
  /** When so many frames of this kind have come. */
  | { by: "frame"; frame: "delta" | "tool" | "permission"; count: number }
  /** So long after its files show what it does. */
  | { by: "file"; sign: FileSign; ms: number };

/** `withAgents`: its agents die too; otherwise they live on, and the next life must reap them. */
export type Kill = { phase: Phase; trigger: Trigger; withAgents: boolean };

const COMMIT_POINTS = [
  "runner.begin",
  "runner.command",
  "runner.commit.before",
  "runner.commit.after",
  "runner.reply",
];
/** Passages of a commit point that the start of a server with something to recover takes. */
const START_PASSAGES = 24;
/** Recovery passes these too, once for each turn that a dead server left: at most one a session, of which there are six. */
const END_POINTS = ["turn.before-begin-finalize", "turn.between-finalize", "turn.finalized"];
const LEFT_BEHIND = 6;
const RECOVERY_POINTS = ["recovery.taken-over", "recovery.finalized", ...END_POINTS];

/** One phase after another in a seeded order, so that every phase gets its share; recovery follows a kill that leaves a turn behind. */
export function killPlan(kills: number, random: Random, depth: number): Kill[] {
  const plan: Kill[] = [];
  for (let round = random.int(0, 1); plan.length < kills; round += 1) {
    for (const phase of random.shuffle(PHASES.filter((phase) => phase !== "recovery"))) {
      const parity = PHASES.indexOf(phase) + round;
      plan.push(killIn(phase, random, parity, depth));
      if (phase === "streaming") plan.push(killIn("recovery", random, parity + 1, depth));
    }
  }
  return plan.slice(0, kills);
}

/** Half of the kills in every phase take the agents too. */
function killIn(phase: Phase, random: Random, parity: number, depth: number): Kill {
  return { phase, trigger: triggerIn(phase, random, depth), withAgents: parity % 2 === 0 };
}

/** At the end of a turn of this life's own. */
function finalizationFault(random: Random, depth: number): Trigger {
  const passage = random.int(1, 3 * depth);
  if (random.chance(0.25)) return { by: "fault", plan: `turn.prompt-ended:${passage}` };
  return { by: "fault", plan: `${random.pick(END_POINTS)}:${LEFT_BEHIND + passage}` };
}

/** An instant in that phase; a kill that missed its own is planned anew with this. `depth` times as much work may come before it. */
export function triggerIn(phase: Phase, random: Random, depth: number): Trigger {
  const fault = (points: readonly string[], most: number, from = 1): Trigger => ({
    by: "fault",
    plan: `${random.pick(points)}:${random.int(from, most)}`,
  });
  const file = (sign: FileSign, ms: number): Trigger => ({ by: "file", sign, ms: random.int(0, ms) });
  switch (phase) {
    case "start-up":
      return random.chance(0.5) ? { by: "time", ms: random.int(20, 500) } : fault(COMMIT_POINTS, 4);
    case "admission":
      return fault(COMMIT_POINTS, START_PASSAGES + 60 * depth, START_PASSAGES);
    case "streaming":
      return { by: "frame", frame: "delta", count: random.int(1, 60 * depth) };
    case "tool":
      return { by: "frame", frame: "tool", count: random.int(1, 3 * depth) };
    case "permission":
      return random.chance(0.5)
        ? { by: "frame", frame: "permission", count: random.int(1, depth) }
        : fault(["permission.asked", "permission.replied"], depth);
    case "subtask":
      return fault(["subtask.named", "subtask.admitted", "subtask.ended"], depth);
    case "own-turn":
      return fault(["turn.own-begun", "turn.own-attended"], depth);
    case "finalization":
      return finalizationFault(random, depth);
    case "recovery":
      return fault(RECOVERY_POINTS, 1);
    case "migration":
      return random.chance(0.5)
        ? fault(["migration.before", "migration.applied", "migration.after"], 1)
        : random.pick([file("copying", 10), file("migrating", 15)]);
    case "checkpoint":
      return random.chance(0.5)
        ? fault(["checkpoint.before", "checkpoint.after"], 1 + depth)
        : file("checkpointing", 3);
    case "shutdown":
      return random.chance(0.3)
        ? fault(["checkpoint.before", "checkpoint.after"], 1)
        : { by: "term", ms: random.int(0, 60) };
  }
}
