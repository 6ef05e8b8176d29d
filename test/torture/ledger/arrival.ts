import type { Exchange, Frame } from "../record-log.ts";

/** What happened at the checker, in its order: a request left, its answer was complete, a frame was complete. */
export type Arrival =
  | { kind: "request"; n: number; exchange: Exchange }
  | { kind: "answer"; n: number; exchange: Exchange; answer: NonNullable<Exchange["answer"]> }
  | { kind: "frame"; n: number; exchange: Exchange; frame: Frame };

/** Exchanges of one file in the order of arrival; what stands in one line keeps its order. */
export function byArrival(exchanges: readonly Exchange[]): Arrival[] {
  const arrivals = exchanges.flatMap((exchange): Arrival[] => [
    { kind: "request", n: exchange.n, exchange },
    ...exchange.frames.map((frame): Arrival => ({ kind: "frame", n: frame.n, exchange, frame })),
    ...(exchange.answer === undefined
      ? []
      : [{ kind: "answer" as const, n: exchange.answer.n, exchange, answer: exchange.answer }]),
  ]);
  return arrivals.toSorted((a, b) => a.n - b.n);
}
