/** The writes of the store port about inputs that go into the turn that runs (D-6, A-28). See `port.ts`. */
import type { Actor, Input, Message, Turn, TurnId } from "@holdfast/protocol";

/** What the agent of the running turn is to be told. `input.turnId` is the turn of the input itself. */
export type OfferedSteer = { input: Input; message: Message };

/**
 * `taken`: the agent has it. `returned`: it has not, and may have said why. `unknown`: nobody can tell, so it is not given to an agent again.
 */
export type SteerEnd =
  | { outcome: "taken" }
  | { outcome: "unknown" }
  | { outcome: "returned"; detail?: string };

export type SteerCommands = {
  /**
   * Marks the steer at the head of the queue as delivered into the running turn `turnId`, before its agent hears of it; from then on it is in no queue.
   * `undefined` when there is none, when it is for another agent or model, when it asks for more than words and files, when the queue is paused, and when the turn is
   * being stopped or does not run. CLAIM_LOST when `epoch` is not the session's.
   */
  offerSteer(command: { turnId: TurnId; epoch: number; actor: Actor }): Promise<OfferedSteer | undefined>;
  /**
   * What became of it. Taken, its turn (`turnId`) ends `completed / steered`, with its message in the history; returned, it is queued again, ahead of what
   * is queued there, unless its turn was cancelled meanwhile; unknown, its turn ends `aborted / interrupted`. Repeating is harmless: the first end
   * holds. The end of the running turn makes `unknown` of what has none. CLAIM_LOST as above.
   */
  endSteer(command: { turnId: TurnId; epoch: number; actor: Actor; end: SteerEnd }): Promise<Turn>;
};
