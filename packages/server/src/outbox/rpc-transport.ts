/**
 * A share service over capnweb (S-11, S-31): each call is one message, or on a new connection one with the redemption before it, with the same arguments as over REST. What capnweb
 * cannot carry as it is goes as its JSON text, and what is longer than its door takes over REST.
 */
import type { Clock } from "@holdfast/kernel";
import { SHARE_METHODS, type ShareMethod, type ShareResult } from "@holdfast/protocol";
import {
  asMeant,
  asSent,
  callInBatch,
  type ClientOptions,
  NoDoor,
  RPC_PATH,
  SocketClient,
} from "@holdfast/rpc/client";
import { CALL_MS, isCode, MOST_ANSWER_BYTES, NO_DOOR, refusalOf } from "./read-answer.ts";
import type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";

/** Most bytes of a message, less what stands around the arguments. */
const MOST_ARGUMENT_BYTES = 1024 * 1024 - 4_096;
/** Stubs that a connection holds; the door takes more, and counts results too (S-12). */
const MOST_STUBS = 64;
type Method = (args: unknown) => PromiseLike<unknown>;
type Stub = Record<ShareMethod | "redeemed", Method>;
type Main = {
  publish(key: string): Stub;
  share(shareId: string, bearer: string): Stub;
  redeemShare(shareId: string, secret: string): Stub;
};

/** Stubs that outlive a call. */
type Kept = Map<string, Stub>;

/** Asks something of the main stub, and answers as the call answers. */
type Way = (ask: (main: Main, kept: Kept) => PromiseLike<unknown>) => Promise<unknown>;

/** One request a call. What capnweb cannot carry goes over `rest`. */
export function createBatchTransport(origin: string, clock: Clock, rest: ShareTransport): ShareTransport {
  const options = optionsOf(origin, clock);
  return transportOf(
    (ask) => callInBatch<never, unknown>(options, (main: Main) => ask(main, new Map())),
    rest,
    clock,
  );
}

/** One connection for all calls, made when it is needed. What capnweb cannot carry goes over `rest`. */
export function createSocketTransport(origin: string, clock: Clock, rest: ShareTransport): ShareTransport {
  const client = new SocketClient<never>(optionsOf(origin, clock));
  const transport = transportOf((ask) => client.call(ask as never), rest, clock);
  return {
    ...transport,
    close() {
      client.close();
      rest.close();
    },
  };
}

const optionsOf = (origin: string, clock: Clock): ClientOptions => ({
  url: new URL(RPC_PATH, origin),
  clock,
  deadlineMs: CALL_MS,
  mostBytes: MOST_ANSWER_BYTES,
});

function transportOf(way: Way, rest: ShareTransport, clock: Clock): ShareTransport {
  return {
    async call<M extends ShareMethod>(call: ShareCall<M>): Promise<ShareAnswer<ShareResult<M>>> {
      const args = asSent(call.args);
      if (bytesOf(args) > MOST_ARGUMENT_BYTES) return rest.call(call);
      try {
        const parsed = SHARE_METHODS[call.method].result.safeParse(
          asMeant(await way((main, kept) => ask(main, kept, call, args))),
        );
        return parsed.success
          ? { outcome: "answered", result: parsed.data as ShareResult<M> }
          : { outcome: "unknown", reason: "strange" };
      } catch (error) {
        return answerOf(error, clock.now());
      }
    },
    putBlob: (blob) => rest.putBlob(blob),
    close: () => rest.close(),
  };
}

/**
 * A publisher's batch goes with the redemption of its ref (S-25); everything else with what stands for the same bearer over REST. On one connection each stub is asked for once: it holds what it
 * was given until it ends.
 */
function ask(
  main: Main,
  kept: Kept,
  { method, shareId, secret }: ShareCall,
  args: unknown,
): PromiseLike<unknown> {
  const stubOf = (name: string, make: () => Stub): Stub => {
    const stub = kept.get(name) ?? make();
    kept.delete(name);
    kept.set(name, stub);
    const [oldest] = kept;
    if (kept.size > MOST_STUBS && oldest !== undefined) {
      kept.delete(oldest[0]);
      (oldest[1] as Partial<Disposable>)[Symbol.dispose]?.();
    }
    return stub;
  };
  if (shareId === undefined) return stubOf(secret, () => main.publish(secret))[method](args);
  const name = `${shareId} ${secret}`;
  if (method !== "appendOps" && method !== "redeemShare")
    return stubOf(name, () => main.share(shareId, secret))[method](args);
  const redeemed = `redeemed ${name}`;
  const stub = stubOf(redeemed, () => main.redeemShare(shareId, secret));
  const answer = method === "appendOps" ? stub.appendOps(args) : stub.redeemed(args);
  return Promise.resolve(answer).catch((error: unknown) => {
    // It may have been the redemption that was refused; the next call tries it again.
    kept.delete(redeemed);
    throw error;
  });
}

/** As capnweb writes it: an array has two more brackets. */
function bytesOf(args: unknown): number {
  const text = JSON.stringify(args);
  let brackets = 0;
  for (let at = text.indexOf("["); at >= 0; at = text.indexOf("[", at + 1)) brackets += 1;
  return Buffer.byteLength(text) + 2 * brackets;
}

function answerOf(error: unknown, now: number): ShareAnswer<never> {
  if (error instanceof NoDoor) return doorAnswer(error, now);
  const { code, problem } = error as { code?: unknown; problem?: Record<string, unknown> };
  if (isCode(code)) {
    const seconds = problem?.["retryAfter"];
    return {
      outcome: "refused",
      code,
      data: problem ?? {},
      ...(typeof seconds === "number" ? { retryAfterMs: seconds * 1_000 } : {}),
    };
  }
  return { outcome: "unknown", reason: error instanceof Error ? error.message.slice(0, 64) : "no answer" };
}

/** The door refused all of it, before any of it was done; or it is none of ours, or not for us (401). */
function doorAnswer(said: NoDoor, now: number): ShareAnswer<never> {
  const isMissing = NO_DOOR.has(said.status) || said.status === 401;
  return isMissing ? { outcome: "missing", reason: `status ${said.status}` } : refusalOf(said, now);
}
