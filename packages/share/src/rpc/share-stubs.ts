/**
 * What a peer of capnweb holds of the share service (S-11, S-25): the main stub, a publisher's, and one per redeemed ref. A stub is a name for what was shown when it was made; each of
 * its calls goes through the service as one over REST does, with that bearer.
 *
 *   main ── publish(key) ────────────────► createShare, listShares
 *        ── redeemShare(id, secret) ──┐
 *        ── redeem(secret) ───────────┴──► what the ref's rights allow, subscribe
 *        ── share(id, bearer) ───────────► everything, and the service refuses what the bearer may not
 */
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { type RedeemedShare, SHARE_METHODS, type ShareMethod } from "@holdfast/protocol";
import {
  asMeant,
  type CallReply,
  type CallScope,
  type Capability,
  endBy,
  livePlace,
  type Places,
  shaped,
  textArgument,
} from "@holdfast/rpc";
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

const one = z.tuple([textArgument]);
const two = z.tuple([textArgument, textArgument]);
const call = z.union([z.tuple([]), z.tuple([z.unknown()])]);

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
  const over = new AbortController();
  const unwatch = isBatch
    ? () => undefined
    : await deps.service.watch({ shareId: share.shareId, caller }, () => over.abort());
  const held = stub(deps, caller, share.shareId, isReader ? [...methods, "subscribe"] : methods);
  return {
    capability: {
      methods: [...held.methods, "redeemed"],
      facts: share,
      call: async (method, args, scope) =>
        method === "redeemed" ? { value: share } : held.call(method, args, scope),
      drop: unwatch,
      onEnd: endBy(over.signal),
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
  const place = livePlace(args, scope);
  const leave = deps.views.take(shareId);
  if (leave === undefined)
    throw new HoldfastError("RATE_LIMITED", "Too many live views of this share are open.");
  try {
    const live = await openLive(deps.service, { shareId, caller, ...place }, deps.clock);
    live.onOver(leave);
    return { live };
  } catch (error) {
    leave();
    throw error;
  }
}
