/**
 * The crash budget: 3 crashes in 60 s open the circuit for 60 s, doubling to 10 min with each further opening. After that one turn is
 * let through: it closes the circuit by ending without a crash, or opens it again at once. Pure; times are monotonic milliseconds.
 */
export type CircuitLimits = { crashes: number; windowMs: number; openMs: number; maxOpenMs: number };

/** `crashes`: times of those within the window. `openings`: how often it opened since the last good end. */
export type Circuit = { crashes: readonly number[]; openings: number; openUntil: number | undefined };

/** Also the circuit after an end that was no crash, and when a person says to try again. */
export const CLOSED: Circuit = { crashes: [], openings: 0, openUntil: undefined };

/** The circuit after a crash that we did not make ourselves. */
export function noteCrash(circuit: Circuit, limits: CircuitLimits, now: number): Circuit {
  const crashes = [...circuit.crashes.filter((time) => time > now - limits.windowMs), now];
  const onTrial = circuit.openUntil !== undefined;
  if (!onTrial && crashes.length < limits.crashes) return { ...circuit, crashes };
  const openMs = Math.min(limits.maxOpenMs, limits.openMs * 2 ** Math.min(circuit.openings, 30));
  return { crashes: [], openings: circuit.openings + 1, openUntil: now + openMs };
}

/** How long it is still open, in ms; 0: a turn may start. */
export const openForMs = (circuit: Circuit, now: number): number =>
  Math.max(0, (circuit.openUntil ?? now) - now);
