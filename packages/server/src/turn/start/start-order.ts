/** In which order turns may start that want a workspace or a place in the pool. Pure. */
import type { SessionId, WaitingFor, WorkspaceId } from "@holdfast/protocol";

/** What a session wants in order to start its next turn. */
export type Start = {
  sessionId: SessionId;
  agent: string;
  workspaceId: WorkspaceId;
  /** It may change files and its workspace is not shared. */
  writes: boolean;
  /** The sessions above it. */
  ancestors: readonly SessionId[];
};

/** A turn that runs in this process. */
export type Running = Pick<Start, "sessionId" | "workspaceId" | "ancestors"> & {
  lease: "own" | "borrowed" | "none";
};

/** One that has to wait, in the order of asking. */
export type Waiting = { start: Start; waitsFor: "workspace" | "pool" };

/** The lease that a start gets, or what it has to wait for. A place in the pool is another matter. */
export function leaseFor(
  start: Start,
  earlier: readonly Waiting[],
  running: readonly Running[],
): Running["lease"] | WaitingFor {
  if (!start.writes) return "none";
  const { workspaceId, ancestors } = start;
  const holder = running.find((each) => each.lease === "own" && each.workspaceId === workspaceId);
  if (holder !== undefined && ancestors.includes(holder.sessionId)) return "borrowed";
  if (holder !== undefined) return { kind: "workspace", holder: holder.sessionId };
  const next = earlier.find((each) => each.start.writes && each.start.workspaceId === workspaceId);
  return next === undefined ? "own" : { kind: "workspace", holder: next.start.sessionId };
}

/** A child of a running turn may exceed the cap: its parent waits for it. */
export const isBeyondCap = ({ ancestors }: Start, running: readonly Running[]): boolean =>
  running.some(({ sessionId }) => ancestors.includes(sessionId));

/** Whoever waits for a place comes first, also before those whose agent is still there: it would be taken from under them else. */
export const mustWaitForPlace = (
  start: Start,
  earlier: readonly Waiting[],
  running: readonly Running[],
): boolean => !isBeyondCap(start, running) && earlier.some(({ waitsFor }) => waitsFor === "pool");

/** What runs when a turn has ended: whoever borrowed its lease inherits it, the one that began first; also after one that had inherited it. */
export function afterEnd(running: readonly Running[], ended: Running): Running[] {
  const rest = running.filter((each) => each !== ended);
  if (ended.lease !== "own") return rest;
  const heir = rest.find(
    ({ lease, workspaceId }) => lease === "borrowed" && workspaceId === ended.workspaceId,
  );
  return rest.map((each) => (each === heir ? { ...each, lease: "own" } : each));
}

/** Who may start now, as far as this can be told: the first one that waits for a place may only try. */
export function worthWaking(waiting: readonly Waiting[], running: readonly Running[]): SessionId[] {
  return waiting.flatMap((each, index) => {
    const earlier = waiting.slice(0, index);
    const isFree = typeof leaseFor(each.start, earlier, running) === "string";
    return isFree && !mustWaitForPlace(each.start, earlier, running) ? [each.start.sessionId] : [];
  });
}
