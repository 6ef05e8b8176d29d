/**
 * How much of a group goes in one message of capnweb (S-27): all of it, as far as the server's door takes that (S-12). What is left goes in the next one, and finds the results of this one in its
 * intents. The same calls are always divided in the same way.
 */
import { survivesRpc } from "@holdfast/protocol";
import { RpcPromise } from "capnweb";
import { type Intent, placesIn, type ResultOf } from "../intent.ts";

/** A call, with what is known of earlier results in its arguments. */
export type Call = { intent: Intent; args: Record<string, unknown> };

/** `rest`: a call alone, which capnweb cannot carry as it is. */
export type Piece = { door: "rpc" | "rest"; calls: Call[] };

/** Calls of one message: the door takes 64 with the redemption. */
const MOST_CALLS = 60;
/** Bytes of their arguments: the door takes 4 MiB with what stands around them. */
const MOST_BYTES = 3.5 * 1024 * 1024;
/** Bytes of the arguments of one call: the door takes 1 MiB with what stands around them. */
const MOST_CALL_BYTES = 1024 * 1024 - 8_192;
/** Calls that wait for one another: the door takes 8 with the redemption. */
const MOST_DEPTH = 7;
/** Names from a result to what is meant. */
const MOST_NAMES = 4;

/** The first of these calls that go together; at least one. They are in order, and need nothing but one another. */
export function nextPiece(open: readonly Call[]): Piece {
  const calls: Call[] = [];
  const depths = new Map<string, number>();
  let bytes = 0;
  for (const call of open) {
    const { opId, dependsOn } = call.intent;
    const length = bytesOf(call.args);
    if (length > MOST_CALL_BYTES || !survivesRpc(call.args)) {
      if (calls.length === 0) return { door: "rest", calls: [call] };
      break;
    }
    const depth = 1 + Math.max(0, ...dependsOn.map((id) => depths.get(id) ?? 0));
    bytes += length;
    const fits = calls.length < MOST_CALLS && bytes <= MOST_BYTES && depth <= MOST_DEPTH;
    if (calls.length > 0 && !(fits && placesIn(call.args).every(canBeNamed))) break;
    depths.set(opId, depth);
    calls.push(call);
  }
  return { door: "rpc", calls };
}

/** Whether capnweb can be told of this place before the result is there. Names of its own mean something else. */
const canBeNamed = ({ path }: ResultOf): boolean =>
  path.length <= MOST_NAMES &&
  path.every((name) => /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) && !(name in RpcPromise.prototype));

/** As capnweb writes it: an array has two more brackets. */
function bytesOf(args: unknown): number {
  const text = JSON.stringify(args);
  return new TextEncoder().encode(text).length + 2 * (text.split("[").length - 1);
}
