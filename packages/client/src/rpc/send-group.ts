/**
 * A group of calls over capnweb (S-27): the redemption of the ref and all calls go out together, before anything of them is answered. Where one needs another, that one's result stands in it as a
 * promise, which the server fills in; a call whose need failed is not made there.
 *
 *   redeem(secret) ─► stub.prompt(args, {opId}) ─────────────┐ result
 *                  └► stub.comment({on: result.message...}, {opId, needs: [result ...]})
 */
import { REF_METHODS } from "@holdfast/protocol";
import { HoldfastApiError, HoldfastContractError, isPassing } from "../error.ts";
import {
  blocked,
  type GroupContext,
  type Intent,
  type IntentTransport,
  isSettled,
  type Outcome,
  replaceResults,
  resultAt,
} from "../intent.ts";
import { failureOf } from "./failure.ts";
import { type Call, nextPiece } from "./next-piece.ts";

/** A result that is not there yet, and what is in it. */
export type Pipelined = PromiseLike<unknown> & { [name: string]: Pipelined };

type CallOptions = { opId: string; needs?: Pipelined[] };
/** What a redeemed ref is called on. */
export type RefStub = Record<string, (args: unknown, options: CallOptions) => Pipelined>;

/** Redeems the ref where that is needed, makes calls on it in the same message, and says how each ended. Rejects with NoWayError, or where nothing was sent. */
export type Ask = (
  make: (stub: RefStub) => Pipelined[],
  signal: AbortSignal,
) => Promise<PromiseSettledResult<unknown>[]>;

/** Does what IntentTransport says. `rest` takes what capnweb cannot carry. */
export async function sendGroup(
  group: readonly Intent[],
  context: GroupContext,
  { ask, rest }: { ask: Ask; rest: IntentTransport },
): Promise<void> {
  for (;;) {
    const open = await openCalls(group, context);
    if (open.length === 0) return;
    context.signal.throwIfAborted();
    const { door, calls } = nextPiece(open);
    if (door === "rpc")
      await settle(calls, await ask((stub) => makeAll(stub, calls), context.signal), context);
    else
      await rest.send(
        calls.map(({ intent }) => intent),
        context,
      );
  }
}

/** The calls that can be made. Of the others it tells why. */
async function openCalls(group: readonly Intent[], { intentOf, tell }: GroupContext): Promise<Call[]> {
  const calls: Call[] = [];
  for (const { opId } of group) {
    const intent = intentOf(opId);
    if (intent === undefined || isSettled(intent)) continue;
    const made = blocked(intent, intentOf) ?? filled(intent, intentOf);
    if ("intent" in made) calls.push(made);
    else await tell(made);
  }
  return calls;
}

/** With the results that are known. */
function filled(intent: Intent, intentOf: GroupContext["intentOf"]): Call | Outcome {
  try {
    const args = replaceResults(intent.args, (place) => {
      const needed = intentOf(place.$result);
      return needed?.state === "acked" ? resultAt(place, needed.result) : place;
    });
    return { intent, args: args as Record<string, unknown> };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { opId: intent.opId, error: { code: "DEPENDENCY_UNMET", message: error.message } };
  }
}

/** All in this tick: so they are one message. */
function makeAll(stub: RefStub, calls: readonly Call[]): Pipelined[] {
  const made = new Map<string, Pipelined>();
  return calls.map(({ intent: { opId, method, dependsOn }, args }) => {
    const needs = dependsOn.flatMap((id) => made.get(id) ?? []);
    const whole = replaceResults(args, ({ $result, path }) => {
      const place = path.reduce((at, name) => at?.[name], made.get($result));
      // Said once more, so that nothing is done where the result has nothing at that place.
      if (place !== undefined) needs.push(place);
      return place;
    });
    const options = { opId };
    const promise = (stub[method] as RefStub[string])(
      whole,
      needs.length === 0 ? options : { ...options, needs },
    );
    made.set(opId, promise);
    return promise;
  });
}

/** Tells the outcomes. Rejects with why there is none of a call. */
async function settle(
  calls: readonly Call[],
  answers: readonly PromiseSettledResult<unknown>[],
  { intentOf, tell }: GroupContext,
): Promise<void> {
  let failure: Error | undefined;
  for (const [index, { intent }] of calls.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    const outcome = blocked(intent, intentOf) ?? outcomeOf(intent, answer);
    if (outcome instanceof Error) failure ??= outcome;
    else await tell(outcome);
  }
  if (failure !== undefined) throw failure;
}

/** An error: nobody knows what became of the call. */
function outcomeOf({ opId, method }: Intent, answer: PromiseSettledResult<unknown>): Outcome | Error {
  if (answer.status === "rejected") {
    const failure = failureOf(answer.reason);
    if (!(failure instanceof HoldfastApiError) || isPassing(failure)) return failure;
    return { opId, error: { code: failure.code, message: failure.message } };
  }
  const value = typeof answer.value === "string" ? parse(answer.value) : answer.value;
  // capnweb has null for nothing.
  const parsed = REF_METHODS[method].result.safeParse(value ?? undefined);
  return parsed.success
    ? { opId, result: parsed.data }
    : new HoldfastContractError(
        `The answer to ${method} does not have the expected shape: ${parsed.error.message}`,
      );
}

/** What capnweb would have altered comes as its text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
