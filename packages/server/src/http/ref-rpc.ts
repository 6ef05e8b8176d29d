/**
 * capnweb for refs on sessions of this Holdfast (I-20, S-15): `redeem(secret)` gives a stub with the methods that the ref's rights allow. Each of its calls is performed as the request that it
 * would be over HTTP (`ref-door.ts`), so the ref, its limits and its audit are looked at every time; the stub ends with its ref, also when nobody asks it anything.
 */
import { endError, eventTexts } from "@holdfast/edge";
import { type Clock, HoldfastError, isHoldfastError, type Logger } from "@holdfast/kernel";
import { REF_METHODS, type RedeemedRef, redeemedRefSchema, type RefMethod } from "@holdfast/protocol";
import {
  asMeant,
  type CallReply,
  type CallScope,
  type Capability,
  createRpcDoor,
  endBy,
  livePlace,
  openLiveSink,
  RPC_LIMITS,
  type RpcDoor,
  shaped,
  type StartThread,
  textArgument,
} from "@holdfast/rpc";
import { z } from "zod";
import type { Control, EndReason, LogEvent } from "../events/index.ts";
import { eventFrame } from "./event-frame.ts";
import type { RefCaller, RefDoor } from "./ref-door.ts";

export type RefRpcDeps = {
  door: RefDoor;
  clock: Clock;
  logger: Logger;
  /** Absent: the real thread. */
  start?: StartThread | undefined;
};

/** Events as chunks of a stream (D-24). */
const textsOf = eventTexts(eventFrame);

const METHODS = (Object.keys(REF_METHODS) as RefMethod[]).filter((method) => method !== "redeem");

const one = z.tuple([textArgument]);
/** Under `opId` a repetition is recognised, whichever way it comes; `needs` are results without which the call is not made (S-27). */
const callOptions = z.strictObject({
  opId: z.string().min(1).max(255).optional(),
  needs: z.array(z.unknown()).max(RPC_LIMITS.batchCalls).optional(),
});
const call = z.union([z.tuple([]), z.tuple([z.unknown()]), z.tuple([z.unknown(), callOptions])]);

export function createRefRpc({ door, clock, logger, start }: RefRpcDeps): RpcDoor {
  const ends = new Map<string, Set<() => void>>();
  door.onEnded((refId) => {
    for (const end of ends.get(refId) ?? []) end();
  });
  const main: Capability = {
    methods: ["redeem"],
    facts: {},
    async call(_method, args, { peer }) {
      const [secret] = shaped(one, args);
      const caller = { secret, peer };
      const redeemed = redeemedRefSchema.parse(await door.call("redeem", {}, caller));
      return { capability: stubOf({ door, clock, ends, caller, redeemed }) };
    },
  };
  return createRpcDoor({
    main,
    methods: ["redeem", ...METHODS, "subscribe"],
    addressOf: (incoming) => incoming.socket.remoteAddress ?? "unknown",
    start,
    clock,
    logger,
  });
}

type StubDeps = {
  door: RefDoor;
  clock: Clock;
  ends: Map<string, Set<() => void>>;
  caller: RefCaller;
  redeemed: RedeemedRef;
};

function stubOf({ door, clock, ends, caller, redeemed }: StubDeps): Capability {
  const { ref, rights } = redeemed;
  const methods = METHODS.filter((method) =>
    (rights as readonly string[]).includes(REF_METHODS[method].access),
  );
  const inOrder = oneByOne();
  const over = new AbortController();
  const end = (): void => over.abort();
  const known = ends.get(ref.id) ?? new Set();
  ends.set(ref.id, known.add(end));
  const { expiresAt } = ref.caveats;
  const expiry = expiresAt === undefined ? undefined : clock.after(expiresAt - clock.now(), end);
  return {
    methods: [...methods, "subscribe"],
    facts: { ...redeemed },
    async call(method, args, scope) {
      if (method === "subscribe") return subscribe(door, clock, caller, args, scope);
      const [value = {}, { opId, needs = [] } = {}] = shaped(call, args) as [
        unknown?,
        z.infer<typeof callOptions>?,
      ];
      if (needs.includes(undefined))
        throw new HoldfastError(
          "DEPENDENCY_UNMET",
          "An earlier result has nothing at the place that this call needs.",
        );
      const act = () =>
        door.call(method as RefMethod, asMeant(value), { ...caller, opId, signal: over.signal });
      const reply = await (REF_METHODS[method as RefMethod].mutates ? inOrder(act) : act());
      return { value: reply ?? null };
    },
    drop() {
      expiry?.cancel();
      over.abort();
      known.delete(end);
      if (known.size === 0 && ends.get(ref.id) === known) ends.delete(ref.id);
    },
    onEnd: endBy(over.signal),
  };
}

/**
 * Calls of one message are a group (S-27): what changes something is done in the order in which it was asked for. Where one cannot be done now, what waits behind it is refused with the same, as over
 * HTTP, where it would not have been sent.
 */
function oneByOne(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (act) => {
    waiting += 1;
    const mine = last.then(act);
    last = mine.catch((error: unknown) => {
      if (!isHoldfastError(error) || error.status >= 500 || error.status === 429) throw error;
    });
    last.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting -= 1;
      if (waiting === 0) last = Promise.resolve();
    }
  };
}

async function subscribe(
  door: RefDoor,
  clock: Clock,
  caller: RefCaller,
  args: readonly unknown[],
  scope: CallScope,
): Promise<CallReply> {
  const { after, store } = livePlace(args, scope);
  const { live, sink } = openLiveSink<LogEvent, Control, EndReason>(clock, { texts: textsOf, errorOf });
  await door.subscribe({ cursor: after, storeId: store }, caller, () => sink);
  return { live };
}

/** What a reader is told of the end. */
const errorOf = (reason: EndReason): HoldfastError | undefined =>
  reason === "stopped"
    ? new HoldfastError("REF_NOT_VALID", "This ref does not work, or the server is shutting down.")
    : endError(reason);
