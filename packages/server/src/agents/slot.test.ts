import { FakeClock } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import { ScriptedBackend, request, sessionId } from "../../test/agents/scripted-backend.ts";
import { Slot, slotAfter, type SlotEvent, type SlotName } from "./slot.ts";

const TABLE: Record<SlotName, Record<SlotEvent, SlotName | undefined>> = {
  empty: { open: "opening", launch: undefined, opened: undefined, failed: undefined, left: undefined },
  opening: { open: undefined, launch: "launching", opened: undefined, failed: "empty", left: undefined },
  launching: { open: undefined, launch: undefined, opened: "live", failed: "empty", left: undefined },
  live: { open: undefined, launch: undefined, opened: undefined, failed: undefined, left: "empty" },
};

describe("a slot of the pool", () => {
  const cells = Object.entries(TABLE).flatMap(([name, events]) =>
    Object.entries(events).map(([event, next]) => [name, event, next] as const),
  );

  test.each(cells)("[A-8] one that is %s and is told %s becomes %s", (name, event, next) => {
    expect(slotAfter(name as SlotName, event as SlotEvent)).toBe(next);
  });

  test("[A-8] it is taken while somebody keeps it or something lives, and idle only when neither uses it", async () => {
    const clock = new FakeClock();
    const slot = new Slot(sessionId, "a", clock);
    const one = slot.keep(true, () => undefined);
    const other = slot.keep(false, () => undefined);
    expect([slot.isTaken, slot.isBeyondCap, slot.describe()]).toEqual([true, true, []]);
    const backend = new ScriptedBackend();
    const promise = backend.open(request());
    const handle = await backend.succeed(0);
    slot.become("open", { name: "opening", opening: { promise, abort: new AbortController(), waiters: 1 } });
    slot.launch();
    slot.become("opened", { name: "live", handle, session: "s", usedAt: 0 });
    handle.idleSince = 0;
    other.waiting(true);
    expect([slot.idleSince, slot.isWaiting]).toEqual([undefined, true]);
    expect(slot.describe()).toMatchObject([{ agent: "a", state: "waiting" }]);
    clock.advance(5);
    one.release();
    one.release();
    expect(slot.idleSince).toBeUndefined();
    other.release();
    clock.advance(2);
    expect([slot.idleSince, slot.isWaiting, slot.isBeyondCap]).toEqual([5, false, false]);
    expect(slot.describe()).toMatchObject([{ state: "idle", idleMs: 2 }]);
    slot.become("left", { name: "empty" });
    expect(slot.isTaken).toBe(false);
    expect(() => slot.become("left", { name: "empty" })).toThrow(RangeError);
  });
});
