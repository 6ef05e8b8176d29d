/**
 * The page as somebody has it who was let into one session by a ref (S-15, S-35). The ref comes in the address's fragment, is taken out of it first, and lives in this
 * window's memory alone; what this browser keeps for its owner is neither looked at nor shared with: streams of other windows are not this one's.
 */
import { createClient, type HoldfastClient } from "@holdfast/client";
import type { RedeemedRef } from "@holdfast/protocol";
import { ConnectionMonitor, type FollowSession, LiveSession } from "../data/index.ts";

export class Guest {
  readonly client: HoldfastClient;
  readonly monitor = new ConnectionMonitor();
  readonly ref: RedeemedRef;
  readonly live: LiveSession;

  constructor(client: HoldfastClient, ref: RedeemedRef) {
    this.client = client;
    this.ref = ref;
    const streams = {
      follow: ({ sessionId, after, storeId, signal }: FollowSession) =>
        client.streamSession({ sessionId, after, signal, ...(storeId === undefined ? {} : { storeId }) }),
    };
    this.live = new LiveSession(ref.target.id, client, streams, this.monitor);
  }

  /** Rejects REF_NOT_VALID, whyever it does not work. */
  static async open(secret: string): Promise<Guest> {
    const client = createClient({ url: window.location.origin, token: secret });
    return new Guest(client, await client.redeemRef());
  }
}
