/**
 * A call on a ref that is stored before it is sent (S-27): the unit of replay. A live promise or stub is never stored.
 *
 *   pending --send--> in_flight --answer--> acked | failed
 *      ^                  |
 *      '---- no answer ---'        also what is found `in_flight` at a start
 */
import type { MutatingRefMethod } from "@holdfast/protocol";

/** In arguments: what an earlier call will have answered, at this place in its answer. */
export type ResultOf = { $result: string; path: string[] };

export type IntentError = { code: string; message: string };

export type Intent = {
  /** Its operation id: the server knows a repetition by it, whichever way it comes. */
  opId: string;
  /** Calls of one tick have the same one, and are sent together each time. */
  batchId: string;
  /** Its place among all calls of the ref. */
  seq: number;
  method: MutatingRefMethod;
  args: Record<string, unknown>;
  /** Calls without whose success it is not made. */
  dependsOn: string[];
  state: "pending" | "in_flight" | "acked" | "failed";
  attempts: number;
  /** In ms since the epoch. */
  nextRetryAt?: number;
  lastError?: IntentError;
  result?: unknown;
  /** What is added to the answer and never sent: the secret of a ref that is asked for by its hash (S-25). */
  kept?: Record<string, string>;
};

/** Where intents are kept. One program uses it at a time. */
export type IntentStore = {
  load(): Promise<Intent[]>;
  /** Inserts or replaces these, by `opId`, and drops those; all of it or nothing, durable when it resolves. */
  save(intents: readonly Intent[], dropped?: readonly string[]): Promise<void>;
};

/** What became of one call of a group. */
export type Outcome = { opId: string } & ({ result: unknown } | { error: IntentError });

/** What a transport knows of the calls around a group. */
export type GroupContext = {
  /** A call as it is now, of this group or of an earlier one. */
  intentOf: (opId: string) => Intent | undefined;
  /** Keeps an outcome; resolves when that is durable. */
  tell: (outcome: Outcome) => Promise<void>;
  signal: AbortSignal;
};

/** A way is not there, for this program or at this server: the next one is taken at once. */
export class NoWayError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "NoWayError";
  }
}

/** A way in which a group of calls is made. */
export type IntentTransport = {
  /**
   * Makes the calls of a group that have no outcome yet, in order, each under its operation id, and tells each outcome when it is known. Rejects when something
   * went without an answer: the group is sent again then, the same, perhaps in another way. Rejects with NoWayError when it is not there at all.
   */
  send(group: readonly Intent[], context: GroupContext): Promise<void>;
  close?(): void;
};

export const isSettled = ({ state }: Pick<Intent, "state">): boolean =>
  state === "acked" || state === "failed";

const isResultOf = (value: unknown): value is ResultOf =>
  typeof value === "object" && value !== null && "$result" in value;

/** The results that stand in a value, each time that one does. */
export function placesIn(value: unknown): ResultOf[] {
  if (isResultOf(value)) return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(placesIn);
}

/** The calls whose results stand in a value. */
export const resultsIn = (value: unknown): string[] => [
  ...new Set(placesIn(value).map(({ $result }) => $result)),
];

/** A value with what `of` gives in place of each result that stands in it. */
export function replaceResults(value: unknown, of: (place: ResultOf) => unknown): unknown {
  if (isResultOf(value)) return of(value);
  if (Array.isArray(value)) return value.map((item) => replaceResults(item, of));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceResults(item, of)]));
}

/** A value with the results that stand in it. Throws a TypeError where a result has nothing at that place. */
export const withResults = (value: unknown, resultOf: (opId: string) => unknown): unknown =>
  replaceResults(value, (place) => resultAt(place, resultOf(place.$result)));

/** Throws a TypeError where the result has nothing at that place. */
export function resultAt({ path }: ResultOf, result: unknown): unknown {
  let found = result;
  for (const name of path)
    found =
      typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  if (found === undefined) throw new TypeError(`The result has no ${path.join(".")}.`);
  return found;
}

/** The outcome of a call that cannot be made because one that it needs has failed; undefined while it can. */
export function blocked(
  { opId, dependsOn }: Pick<Intent, "opId" | "dependsOn">,
  intentOf: GroupContext["intentOf"],
): Outcome | undefined {
  const lost = dependsOn.find((id) => (intentOf(id)?.state ?? "failed") === "failed");
  if (lost === undefined) return undefined;
  const message = `The call ${lost}, which this one needs, has failed.`;
  return { opId, error: { code: "DEPENDENCY_UNMET", message } };
}

/** Intents that live as long as the program: for tests, and for whoever needs no more. */
export function intentsInMemory(): IntentStore {
  const intents = new Map<string, Intent>();
  return {
    load: () => Promise.resolve([...intents.values()].map((intent) => structuredClone(intent))),
    save(saved, dropped = []) {
      for (const intent of saved) intents.set(intent.opId, structuredClone(intent));
      for (const opId of dropped) intents.delete(opId);
      return Promise.resolve();
    },
  };
}
