import type { Session } from "@holdfast/protocol";

/** Keeps sessions in their places while others work: each stays where its time was when it was first placed. A new order begins when somebody acts. */
export class StillOrder {
  readonly #times = new Map<string, number>();

  /** The time by which a session is placed, in ms since the epoch. */
  placeOf({ id, time }: Pick<Session, "id" | "time">): number {
    const placed = this.#times.get(id) ?? time.updated;
    this.#times.set(id, placed);
    return placed;
  }
}
