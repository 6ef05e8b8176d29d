import type { Random } from "./random.ts";

/** Where in the server's work a kill falls (durability 11). */
export const PHASES = [
  "start-up",
  "admission",
  "streaming",
  "tool",
  "permission",
  "finalization",
  "recovery",
  "shutdown",
] as const;
export type Phase = (typeof PHASES)[number];

/** How the server dies: at a fault point, some time after its start, or when a frame of this kind arrives. */
export type Trigger =
  | { by: "fault"; plan: string }
  | { by: "time"; ms: number }
  /** So long after a polite SIGTERM. */
  | { by: "term"; ms: number }
  | { by: "frame"; frame: "delta" | "tool" | "permission"; count: number };

export type Kill = { phase: Phase; trigger: Trigger; withAgents: boolean };

const COMMIT_POINTS = [
  "runner.begin",
  "runner.command",
  "runner.commit.before",
  "runner.commit.after",
  "runner.reply",
];
/** Recovery passes these too, once for each turn that a dead server left: at most one a session, of which there are three. */
const END_POINTS = ["turn.before-begin-finalize", "turn.between-finalize", "turn.finalized"];
const LEFT_BEHIND = 3;
const RECOVERY_POINTS = ["recovery.taken-over", "recovery.finalized"];

/** One phase after another in a seeded order, so that every phase gets its share; recovery follows a kill that leaves a turn behind. */
export function killPlan(kills: number, random: Random): Kill[] {
  const plan: Kill[] = [];
  while (plan.length < kills) {
    for (const phase of random.shuffle(PHASES.filter((phase) => phase !== "recovery"))) {
      plan.push(killIn(phase, random));
      if (phase === "streaming") plan.push(killIn("recovery", random));
    }
  }
  return plan.slice(0, kills);
}

function killIn(phase: Phase, random: Random): Kill {
  return { phase, trigger: triggerOf(phase, random), withAgents: random.chance(0.5) };
}

/** At the end of a turn of this life's own. */
function finalizationFault(random: Random): Trigger {
  if (random.chance(0.25)) return { by: "fault", plan: `turn.prompt-ended:${random.int(1, 3)}` };
  return { by: "fault", plan: `${random.pick(END_POINTS)}:${LEFT_BEHIND + random.int(1, 3)}` };
}

function triggerOf(phase: Phase, random: Random): Trigger {
  const fault = (points: readonly string[], most: number): Trigger => ({
    by: "fault",
    plan: `${random.pick(points)}:${random.int(1, most)}`,
  });
  switch (phase) {
    case "start-up":
      return random.chance(0.5) ? { by: "time", ms: random.int(20, 1_200) } : fault(COMMIT_POINTS, 4);
    case "admission":
      return fault(COMMIT_POINTS, 60);
    case "streaming":
      return { by: "frame", frame: "delta", count: random.int(1, 60) };
    case "tool":
      return { by: "frame", frame: "tool", count: random.int(1, 3) };
    case "permission":
      return random.chance(0.5)
        ? { by: "frame", frame: "permission", count: 1 }
        : fault(["permission.asked", "permission.replied"], 1);
    case "finalization":
      return finalizationFault(random);
    case "recovery":
      return fault(RECOVERY_POINTS, 1);
    case "shutdown":
      return random.chance(0.5) ? fault(["checkpoint.before"], 1) : { by: "term", ms: random.int(0, 60) };
  }
}
