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

/** A way in which a group of calls is made. */
export type IntentTransport = {
  /**
   * Makes the calls of a group that have no outcome yet, in order, each under its operation id, and tells each outcome when it is known. Rejects when something
   * went without an answer: the group is sent again then, the same, perhaps in another way.
   */
  send(group: readonly Intent[], context: GroupContext): Promise<void>;
  close?(): void;
};

export const isSettled = ({ state }: Pick<Intent, "state">): boolean =>
  state === "acked" || state === "failed";

const isResultOf = (value: unknown): value is ResultOf =>
  typeof value === "object" && value !== null && "$result" in value;

/** The calls whose results stand in a value. */
export function resultsIn(value: unknown): string[] {
  if (isResultOf(value)) return [value.$result];
  if (value === null || typeof value !== "object") return [];
  return [...new Set(Object.values(value).flatMap(resultsIn))];
}

/** A value with the results that stand in it. Throws a TypeError where a result has nothing at that place. */
export function withResults(value: unknown, resultOf: (opId: string) => unknown): unknown {
  if (isResultOf(value)) {
    let found = resultOf(value.$result);
    for (const name of value.path)
      found =
        typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined;
    if (found === undefined) throw new TypeError(`The result has no ${value.path.join(".")}.`);
    return found;
  }
  if (Array.isArray(value)) return value.map((item) => withResults(item, resultOf));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withResults(item, resultOf)]));
}

/** The outcome of a call that cannot be made because one that it needs has failed; undefined while it can. */
export function blocked(
  { opId, dependsOn }: Pick<Intent, "opId" | "dependsOn">,
  intentOf: GroupContext["intentOf"],
): Outcome | undefined {
  const lost = dependsOn.find((id) => intentOf(id)?.state !== "acked");
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
