import type { Actor } from "@holdfast/protocol";

/** Who starts and ends turns (D-36). */
export const TURN_ACTOR: Actor = { id: "system:turn", kind: "system", label: "turn" };

/** An agent that does something by itself. */
export const agentActor = (agent: string): Actor => ({ id: `agent:${agent}`, kind: "agent", label: agent });

/** Who ends what a dead process left, and goes on from it (D-18, D-19). */
export const RECOVERY_ACTOR: Actor = { id: "system:recovery", kind: "system", label: "recovery" };
