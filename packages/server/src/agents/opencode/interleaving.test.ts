import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { FakeEvent } from "../../../test/agents/fake-opencode.ts";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";

/** What a cancelled turn leaves on its way, delivered at any later time, more than once, in any order. */
function remains(room: OpencodeRoom, id: string): FakeEvent[] {
  const { say } = room;
  return [
    say.user(id),
    say.answer("msg_a1", id),
    say.delta("prt_1", "msg_a1", "late delta"),
    say.text("prt_1", "msg_a1", "w1 w2", true),
    say.text("prt_9", "msg_a1", "a part that nobody saw", true),
    say.tool("prt_t", "msg_a1", "call_0", { status: "error", input: {}, error: "aborted" }),
    say.error("MessageAbortedError", "Aborted"),
    say.status("idle"),
    say.idle(),
    say.status("idle"),
    say.idle(),
    say.answer("msg_a1", id, { error: { name: "MessageAbortedError", data: { message: "Aborted" } } }),
  ];
}

/** What no look ever showed of it. */
const neverStored = (room: OpencodeRoom): FakeEvent =>
  room.say.text("prt_8", "msg_a1", "told too late", true);

/** The next turn, in its real order; its last event but two makes it whole. */
function nextTurn(room: OpencodeRoom, id: string): FakeEvent[] {
  const { say } = room;
  return [
    say.user(id),
    say.status("busy"),
    say.answer("msg_b1", id),
    say.tool("prt_b0", "msg_b1", "call_0", { status: "completed", input: {}, output: "ok", title: "t" }),
    say.answer("msg_b1", id, { finish: "tool-calls" }),
    say.answer("msg_b2", id),
    say.text("prt_b1", "msg_b2", ""),
    say.delta("prt_b1", "msg_b2", "second "),
    say.delta("prt_b1", "msg_b2", "answer"),
    say.text("prt_b1", "msg_b2", "second answer", true),
    say.answer("msg_b2", id, { finish: "stop" }),
    say.status("idle"),
    say.idle(),
  ];
}

const REMAINS = 13;
const NEXT = 13;
const WHOLE = NEXT - 3;

/** Per step: an event of the old turn by its number, or "next" for one more of the new turn; how long passes after it. */
const steps = fc
  .array(fc.record({ old: fc.nat(REMAINS - 1), count: fc.nat(3), ms: fc.constantFrom(0, 0, 600, 2_500) }), {
    minLength: NEXT,
    maxLength: NEXT,
  })
  .map((rounds) =>
    rounds.flatMap(({ old, count, ms }) => [
      ...Array.from({ length: count }, (_, index) => ({ old: (old + index * 5) % REMAINS, ms })),
      { old: undefined, ms },
    ]),
  );

test("[A-16] no order of events lets a cancelled turn end or feed the next one", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (order, isLookedAtLate) => {
      const room = new OpencodeRoom();
      const { fake, say, handle } = room;
      const first = await room.prompt();
      await room.begin(first);
      await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "w1"));
      const cancelled = handle.cancel();
      // The server is through with the first turn; how much of that the stream has brought is open.
      const old = remains(room, first.id);
      for (const event of old) fake.apply(event);
      old.push(neverStored(room));
      if (!isLookedAtLate) await fake.tell(say.idle());
      for (let looks = 0; looks < 4; looks += 1) await fake.pass(500);
      await cancelled;
      expect(await first.result).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
      const told = first.turn.events.length;

      const second = await room.prompt();
      const next = nextTurn(room, second.id);
      let done = 0;
      for (const { old: index, ms } of order) {
        const late = index === undefined ? undefined : old[index];
        if (late !== undefined) await fake.tell(late);
        else if (next[done] !== undefined) await fake.play(next[done++] as FakeEvent);
        await fake.pass(ms);
        if (done <= WHOLE) expect(second.settled()).toBeUndefined();
      }
      for (let looks = 0; looks < 4; looks += 1) await fake.pass(500);
      expect(second.settled()).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
      expect(second.turn.text).toBe("second answer");
      expect(first.turn.events).toHaveLength(told);
      const tools = second.turn.events.flatMap((event) =>
        event.type === "tool" ? [event.update.status] : [],
      );
      expect(tools).toEqual(["completed"]);
    }),
    { numRuns: 150 },
  );
});
