/**
 * Named instants at which a test may break the program: the seam of the torture and fault suites (durability section 11).
 * In production no plan is set and a point costs one comparison. A plan is `point` or `point:n`: at the n-th passage (from 1) the
 * process kills itself with SIGKILL, as a power cut of the process would; worker threads share its fate.
 */
type Plan = { point: string; left: number };

let plan: Plan | undefined;

/** Sets or clears the plan; throws a RangeError on a malformed one. Called by `main` and by the writer thread at start. */
export function planFault(text: string | undefined): void {
  if (text === undefined || text === "") {
    plan = undefined;
    return;
  }
  const match = /^([a-z][a-z0-9.-]*)(?::([1-9]\d*))?$/.exec(text);
  if (match?.[1] === undefined)
    throw new RangeError(`Fault plan ${JSON.stringify(text)} is not "point" or "point:n".`);
  plan = { point: match[1], left: Number(match[2] ?? 1) };
}

/** Passes a named point. */
export function faultPoint(point: string): void {
  if (plan === undefined || plan.point !== point) return;
  plan.left -= 1;
  if (plan.left === 0) process.kill(process.pid, "SIGKILL");
}
