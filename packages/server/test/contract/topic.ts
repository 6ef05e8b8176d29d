import { EMPTY_SESSION } from "@holdfast/client";
import type { SessionId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import type { ContractSize, OpenEngine } from "./engine.ts";
import { asStored, meetNeeds, readStored, reduceAll, replayOnto, whole } from "./reduction.ts";
import { StoreRig } from "./rig.ts";

/** One part of the contract: its cases run on one store, each with sessions of its own. */
export type Topic = (open: OpenEngine, size: ContractSize) => void;

/**
 * Makes a topic. After each of its cases every session the case made is held against D-1, D-3 and D-4: seqs contiguous in commit order, and
 * the rows equal to the reduction of what subscribers heard and of a replay. At the end the store finds no drift in itself.
 */
export function topic(
  name: string,
  define: (rig: () => StoreRig, size: ContractSize, open: OpenEngine) => void,
): Topic {
  return (open, size) => {
    describe(name, () => {
      let rig: StoreRig | undefined;
      const current = (): StoreRig => {
        if (rig === undefined) throw new Error("The store is not open.");
        return rig;
      };
      beforeAll(async () => {
        rig = await StoreRig.open(open);
      });
      beforeEach(() => current().sessions.clear());
      afterEach(async () => {
        await Promise.all([...current().sessions].map((id) => expectAgreement(current(), id)));
      });
      afterAll(async () => {
        try {
          const { integrity, foreignKeys, drift } = await current().store.inspect();
          expect({ integrity, foreignKeys, drift }).toEqual({ integrity: [], foreignKeys: [], drift: [] });
        } finally {
          await rig?.close();
        }
      });
      define(current, size, open);
    });
  };
}

/** Rows, live events and replay of a session say the same. */
export async function expectAgreement(rig: StoreRig, sessionId: SessionId): Promise<void> {
  if ((await rig.store.getSession(sessionId)) === undefined) return;
  const heard = rig.heard(sessionId);
  expect(
    heard.map((event) => event.seq),
    "seqs are contiguous in commit order",
  ).toEqual(heard.map((_, index) => index + 1));
  const [stored, replayed, lastSeq, live] = await Promise.all([
    readStored(rig.store, sessionId),
    replayOnto(rig.store, sessionId),
    rig.store.lastSeq(sessionId),
    whole(rig.store, heard).then((events) => meetNeeds(rig.store, reduceAll(EMPTY_SESSION, events))),
  ]);
  expect(lastSeq).toBe(heard.length);
  expect(asStored(live), "what subscribers heard").toEqual(stored);
  expect(asStored(replayed), "a replay from the start").toEqual(stored);
}
