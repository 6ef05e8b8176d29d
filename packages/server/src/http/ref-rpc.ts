/**
 * capnweb for refs on sessions of this Holdfast (I-20, S-15): `redeem(secret)` gives a stub with the methods that the ref's rights allow. Each of its calls is performed as the request that it
 * would be over HTTP (`ref-door.ts`), so the ref, its limits and its audit are looked at every time; the stub ends with its ref, also when nobody asks it anything.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { shapeRefusal, type Upgrade } from "@holdfast/edge";
import { type Clock, HoldfastError, isHoldfastError, type Logger } from "@holdfast/kernel";
import { REF_METHODS, type RedeemedRef, redeemedRefSchema, type RefMethod } from "@holdfast/protocol";
import {
  asMeant,
  type CallReply,
  type CallScope,
  type Capability,
  createRpcDoor,
  openLiveSink,
  Places,
  RPC_LIMITS,
  type StartThread,
  WebSockets,
} from "@holdfast/rpc";
import { z } from "zod";
import type { Control, LogEvent, Sink } from "../events/index.ts";
import { controlText, eventTexts } from "./event-text.ts";
import type { RefCaller, RefDoor } from "./ref-door.ts";

export type RefRpcDeps = {
  door: RefDoor;
  clock: Clock;
  logger: Logger;
  /** Absent: the real thread. */
  start?: StartThread | undefined;
};

export type RefRpc = {
  /** Whether a request is for `answer`. */
  takes(target: string): boolean;
  /** Answers a batch of calls. Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** For the listener. */
  upgrade: Upgrade;
  /** Ends every session, before the listener closes. */
  stop(): void;
};

type End = Parameters<Sink["end"]>[0];

const RPC_PATH = "/api/rpc";

const pathOf = (target: string): string => target.replace(/\?.*$/s, "");
const addressOf = (incoming: IncomingMessage): string => incoming.socket.remoteAddress ?? "unknown";

const METHODS = (Object.keys(REF_METHODS) as RefMethod[]).filter((method) => method !== "redeem");

const one = z.tuple([z.string().min(1).max(512)]);
/** Under `opId` a repetition is recognised, whichever way it comes; `needs` are results without which the call is not made (S-27). */
const callOptions = z.strictObject({
  opId: z.string().min(1).max(255).optional(),
  needs: z.array(z.unknown()).max(RPC_LIMITS.batchCalls).optional(),
});
const call = z.union([z.tuple([]), z.tuple([z.unknown()]), z.tuple([z.unknown(), callOptions])]);
const after = z.union([z.int().min(0), z.string().max(256)]).optional();
const place = z.union([after, z.strictObject({ after, store: z.string().max(256).optional() })]);
const subscription = z.union([z.tuple([]), z.tuple([place])]);

export function createRefRpc({ door, clock, logger, start }: RefRpcDeps): RefRpc {
  const sockets = new WebSockets(clock, new Places(RPC_LIMITS.connections, RPC_LIMITS.connectionsPerAddress));
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
  const rpc = createRpcDoor({
    main,
    methods: ["redeem", ...METHODS, "subscribe"],
    start,
    sockets,
    clock,
    logger,
  });
  return {
    takes: (target) => pathOf(target) === RPC_PATH,
    answer: (incoming, outgoing) => rpc.answer(incoming, outgoing, addressOf(incoming)),
    upgrade: {
      takes: (target) => pathOf(target) === RPC_PATH,
      take: (incoming, socket, head) => rpc.upgrade(incoming, socket, head, addressOf(incoming)),
    },
    stop() {
      rpc.stop();
      sockets.stop();
    },
  };
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
  const listeners: (() => void)[] = [];
  const inOrder = oneByOne();
  const over = new AbortController();
  const end = (): void => {
    over.abort();
    for (const listener of listeners.splice(0)) listener();
  };
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
    onEnd: (listener) => void (over.signal.aborted ? listener() : listeners.push(listener)),
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
  { isBatch }: CallScope,
): Promise<CallReply> {
  if (isBatch)
    throw new HoldfastError(
      "LIVE_NEEDS_STREAM",
      "A batch ends with its request; a live view needs a WebSocket.",
    );
  const [place] = shaped(subscription, args);
  const { after, store } = typeof place === "object" ? place : { after: place, store: undefined };
  const { live, sink } = openLiveSink<LogEvent, Control, End>(clock, {
    control: controlText,
    texts: eventTexts,
    errorOf,
  });
  await door.subscribe({ cursor: after?.toString(), storeId: store }, caller, () => sink);
  return { live };
}

/** What a reader is told of the end; its own leaving is none, and neither is the end of the log. */
function errorOf(reason: End): HoldfastError | undefined {
  switch (reason) {
    case "stopped":
      return new HoldfastError("REF_NOT_VALID", "This ref does not work, or the server is shutting down.");
    case "overflow":
      return new HoldfastError("RATE_LIMITED", "The reader was too slow; go on from its last seq.");
    case "failed":
      return new HoldfastError("INTERNAL", "The events could not be read on.");
    case "left":
    case "over":
      return undefined;
  }
}

function shaped<T>(schema: z.ZodType<T>, args: readonly unknown[]): T {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  throw shapeRefusal(result.error, "arguments");
}
