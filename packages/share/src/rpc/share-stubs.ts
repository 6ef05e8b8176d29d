/**
 * What a peer of capnweb holds of the share service (S-11, S-25): the main stub, a publisher's, and one per redeemed ref. A stub is a name for what was shown when it was made; each of
 * its calls goes through the service as one over REST does, with that bearer.
 *
 *   main ── publish(key) ────────────────► createShare, listShares
 *        ── redeemShare(id, secret) ──┐
 *        ── redeem(secret) ───────────┴──► what the ref's rights allow, subscribe
 *        ── share(id, bearer) ───────────► everything, and the service refuses what the bearer may not
 */
import { shapeRefusal } from "@holdfast/edge";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { type RedeemedShare, SHARE_METHODS, type ShareMethod } from "@holdfast/protocol";
import { asMeant, type CallReply, type CallScope, type Capability, type Places } from "@holdfast/rpc";
import { z } from "zod";
import type { ShareCalls, ShareCaller } from "../service/index.ts";
import { openLive } from "./live-view.ts";

export type StubDeps = { service: ShareCalls; views: Places; clock: Clock };

const NAMES = Object.keys(SHARE_METHODS) as ShareMethod[];
const OF_PUBLISHERS: readonly ShareMethod[] = ["createShare", "listShares"];
const OF_SHARES = NAMES.filter((name) => name !== "redeemShare" && !OF_PUBLISHERS.includes(name));
const MAIN = ["publish", "redeem", "redeemShare", "share"];

/** All that any stub may be asked. */
export const STUB_METHODS: readonly string[] = [...MAIN, ...NAMES, "redeemed", "subscribe"];

const text = z.string().min(1).max(512);
const one = z.tuple([text]);
const two = z.tuple([text, text]);
const call = z.union([z.tuple([]), z.tuple([z.unknown()])]);
const after = z.union([z.int().min(0), z.string().max(256)]).optional();
const place = z.union([after, z.strictObject({ after, store: z.string().max(256).optional() })]);
const subscription = z.union([z.tuple([]), z.tuple([place])]);

export function mainStub(deps: StubDeps): Capability {
  const { service } = deps;
  return {
    methods: MAIN,
    facts: {},
    async call(method, args, { peer, isBatch }) {
      switch (method) {
        case "publish": {
          const [bearer] = shaped(one, args);
          return { capability: stub(deps, { bearer, peer }, undefined, OF_PUBLISHERS) };
        }
        case "share": {
          const [shareId, bearer] = shaped(two, args);
          return { capability: stub(deps, { bearer, peer }, shareId, [...OF_SHARES, "subscribe"]) };
        }
        case "redeem": {
          const [bearer] = shaped(one, args);
          const caller = { bearer, peer };
          return redeemed(deps, caller, await service.redeemLink(caller), isBatch);
        }
        default: {
          const [shareId, bearer] = shaped(two, args);
          const caller = { bearer, peer };
          const share = await service.call("redeemShare", { shareId, args: {}, caller });
          return redeemed(deps, caller, share, isBatch);
        }
      }
    },
  };
}

/** The stub of a redeemed ref: it ends with the ref, also when nobody asks it anything (S-15); that of a batch ends before anybody could tell. */
async function redeemed(
  deps: StubDeps,
  caller: ShareCaller,
  share: RedeemedShare,
  isBatch: boolean,
): Promise<CallReply> {
  const methods = OF_SHARES.filter((name) =>
    (share.rights as readonly string[]).includes(SHARE_METHODS[name].access),
  );
  const isReader = share.rights.includes("read");
  const listeners: (() => void)[] = [];
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
    for (const listener of listeners.splice(0)) listener();
  };
  const unwatch = isBatch
    ? () => undefined
    : await deps.service.watch({ shareId: share.shareId, caller }, end);
  const held = stub(deps, caller, share.shareId, isReader ? [...methods, "subscribe"] : methods);
  return {
    capability: {
      methods: [...held.methods, "redeemed"],
      facts: share,
      call: async (method, args, scope) =>
        method === "redeemed" ? { value: share } : held.call(method, args, scope),
      drop: unwatch,
      onEnd: (listener) => void (hasEnded ? listener() : listeners.push(listener)),
    },
  };
}

function stub(
  deps: StubDeps,
  caller: ShareCaller,
  shareId: string | undefined,
  methods: readonly string[],
): Capability {
  return {
    methods,
    facts: {},
    async call(method, args, scope) {
      if (method === "subscribe" && shareId !== undefined)
        return subscribe(deps, caller, shareId, args, scope);
      const [given = {}] = shaped(call, args);
      const value = asMeant(given);
      const request = shareId === undefined ? { args: value, caller } : { shareId, args: value, caller };
      return { value: await deps.service.callNamed(method, request) };
    },
  };
}

async function subscribe(
  deps: StubDeps,
  caller: ShareCaller,
  shareId: string,
  args: readonly unknown[],
  scope: CallScope,
): Promise<CallReply> {
  if (scope.isBatch)
    throw new HoldfastError(
      "LIVE_NEEDS_STREAM",
      "A batch ends with its request; a live view needs a WebSocket.",
    );
  const [place] = shaped(subscription, args);
  const { after, store } = typeof place === "object" ? place : { after: place, store: undefined };
  const leave = deps.views.take(shareId);
  if (leave === undefined)
    throw new HoldfastError("RATE_LIMITED", "Too many live views of this share are open.");
  try {
    const request = { shareId, caller, after: after?.toString(), store };
    const live = await openLive(deps.service, request, deps.clock);
    live.onOver(leave);
    return { live };
  } catch (error) {
    leave();
    throw error;
  }
}

function shaped<T>(schema: z.ZodType<T>, args: readonly unknown[]): T {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  throw shapeRefusal(result.error, "arguments");
}
