/**
 * capnweb over HTTP (S-12): one POST holds all messages of a session, one to a line, and its answer all that come back. What the session held is dropped with the request: capnweb
 * would keep it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBytes, send } from "@holdfast/edge";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import type { Capability, RpcHost, SessionEnd } from "../host/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { Places } from "./places.ts";

export type BatchDeps = { host: RpcHost; main: Capability; places: Places; clock: Clock };

/** Beyond the time that its calls have, in ms. */
const SPARE_MS = 5_000;

/** Answers the request. Rejects with what is said instead: INVALID_REQUEST, UNSUPPORTED_TYPE, TOO_LARGE, RATE_LIMITED, SHUTTING_DOWN, INTERNAL. */
export async function answerBatch(
  deps: BatchDeps,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  address: string,
): Promise<void> {
  if (incoming.method !== "POST")
    throw new HoldfastError("NOT_FOUND", "This path takes POST only, and WebSockets.", {
      data: { allow: "POST" },
    });
  requireText(incoming);
  const leave = deps.places.take(address);
  if (leave === undefined)
    throw new HoldfastError("RATE_LIMITED", "Too many calls of this address are answered now.");
  try {
    const bytes = await readBytes(incoming, deps.clock, RPC_LIMITS.batchBytes);
    const texts = await run(deps, textOf(bytes), outgoing, address);
    const answer = Buffer.from(texts.join("\n"));
    if (answer.length > RPC_LIMITS.batchAnswerBytes)
      throw new HoldfastError(
        "TOO_LARGE",
        `An answer may have at most ${RPC_LIMITS.batchAnswerBytes} bytes; ask for less at once.`,
      );
    send(outgoing, { status: 200, bytes: answer, headers: { "content-type": "text/plain; charset=utf-8" } });
  } finally {
    leave();
  }
}

function run(
  { host, main, clock }: BatchDeps,
  text: string,
  outgoing: ServerResponse,
  address: string,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: readonly string[] | HoldfastError): void => {
      timer.cancel();
      outgoing.off("close", leave);
      if (outcome instanceof HoldfastError) reject(outcome);
      else resolve(outcome);
    };
    const peer = {
      text: () => undefined,
      took: () => undefined,
      redeemed: () => undefined,
      batch: (texts: readonly string[]) => settle(texts),
      over: (end: SessionEnd, detail: string) => settle(refusalOf(end, detail)),
    };
    const leave = (): void => {
      session.close();
      settle(new HoldfastError("INVALID_REQUEST", "The caller left."));
    };
    const session = host.open(main, peer, { peer: address, isBatch: true });
    const timer = clock.after(RPC_LIMITS.callMs + SPARE_MS, () => {
      session.close();
      settle(new HoldfastError("INTERNAL", "The batch took too long; nobody knows what of it was done."));
    });
    outgoing.once("close", leave);
    session.receiveBatch(text);
  });
}

function refusalOf(end: SessionEnd, detail: string): HoldfastError {
  if (end === "stopped") return new HoldfastError("SHUTTING_DOWN", detail);
  return new HoldfastError(end === "replaced" ? "INTERNAL" : "INVALID_REQUEST", detail);
}

/** As capnweb's own client sends it; JSON lines are no JSON, and whoever says so is understood. */
function requireText(incoming: IncomingMessage): void {
  const { "content-type": type, "content-encoding": encoding } = incoming.headers;
  const isText =
    type === undefined || /^(text\/plain|application\/json)\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type);
  if (!isText || (encoding !== undefined && encoding !== "identity"))
    throw new HoldfastError("UNSUPPORTED_TYPE", "A batch is text/plain in UTF-8, not compressed.");
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HoldfastError("INVALID_REQUEST", "The body is not valid UTF-8.");
  }
}
