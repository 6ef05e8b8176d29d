import { newId } from "@holdfast/kernel";
import type { ShareControl, ShareEnd, ShareEvent, ShareSink } from "@holdfast/share";
import { expect, test } from "vitest";
import {
  codeOf,
  delta,
  ids,
  KEY,
  message,
  PEER,
  Publisher,
  type Ref,
  session,
  text,
  world,
} from "./share-fixture.ts";

class Recorder implements ShareSink {
  controls: ShareControl[] = [];
  batches: (readonly ShareEvent[])[] = [];
  ended: ShareEnd | undefined;
  waiting = 0;
  leave: () => void = () => undefined;
  control = (control: ShareControl) => void this.controls.push(control);
  deliver = (events: readonly ShareEvent[]) => void this.batches.push(events);
  backlog = () => this.waiting;
  drained = () => Promise.resolve();
  end = (reason: ShareEnd) => void (this.ended = reason);
  onLeave = (listener: () => void) => void (this.leave = listener);
  get events(): ShareEvent[] {
    return this.batches.flat();
  }
  /** Whether nothing was lost on the way: each event names the one before it. */
  get isChained(): boolean {
    return this.events.every(({ prev }, at) => at === 0 || prev === this.events[at - 1]?.seq);
  }
}

async function follow(
  publisher: Publisher,
  ref: Ref,
  more: { after?: string; store?: string } = {},
): Promise<Recorder> {
  const sink = new Recorder();
  const caller = { bearer: ref.secret, peer: PEER };
  await publisher.world.service.subscribe({ shareId: publisher.shareId, caller, ...more }, () => sink);
  return sink;
}

test("[S-11] a reader gets what is there, is told when it is live, and misses and doubles nothing after that", async () => {
  const { messageId, partId } = ids();
  const publisher = await new Publisher(world()).started(
    session(),
    message(messageId, 0),
    text(partId, messageId, "one"),
  );
  const sink = await follow(publisher, publisher.owner, { after: "0" });
  expect(sink.controls.map(({ type }) => type)).toEqual(["hello", "caught-up"]);
  expect(sink.events.map(({ type }) => type)).toEqual([
    "session.updated",
    "message.updated",
    "message.part.updated",
  ]);
  await publisher.publish(delta(partId, messageId, 3, " two"));
  expect(sink.events.at(-1)).toMatchObject({ seq: 4, prev: 3, type: "message.part.delta" });
  expect(JSON.parse(sink.events.at(-1)?.data ?? "")).toEqual({
    messageId,
    partId,
    field: "text",
    offset: 3,
    text: " two",
  });
  const late = await follow(publisher, publisher.owner, { after: "2" });
  expect(late.events).toMatchObject([{ seq: 4, prev: 2, type: "message.part.updated" }]);
  expect(JSON.parse(late.events[0]?.data ?? "")).toMatchObject({ part: { text: "one two" } });
  await publisher.publish(session("next"));
  expect(late.events.at(-1)).toMatchObject({ seq: 5, prev: 4 });
  expect([sink.isChained, late.isChained]).toEqual([true, true]);
});

test("[S-19] what was committed together is one array for every reader", async () => {
  const publisher = await new Publisher(world()).started(session());
  const sinks = await Promise.all(Array.from({ length: 20 }, () => follow(publisher, publisher.owner)));
  await publisher.publish(session("one"), session("two"));
  expect(new Set(sinks.map(({ batches }) => batches[0])).size).toBe(1);
  expect(sinks[0]?.events).toHaveLength(2);
});

test("[S-31] a resync is told as what differs, and a reader goes on by its cursor over a large one", async () => {
  const publisher = await new Publisher(world()).started(session("old"));
  const sink = await follow(publisher, publisher.owner);
  await publisher.begin();
  const many = Array.from({ length: 600 }, (_, at) => message(newId("msg"), at));
  for (let at = 0; at < many.length; at += 200) await publisher.publish(...many.slice(at, at + 200));
  await publisher.publish(session("new"));
  expect(sink.events).toEqual([]);
  await publisher.commit();
  await expect.poll(() => sink.events.length).toBe(601);
  expect(sink.isChained).toBe(true);
  await publisher.publish(session("newer"));
  await expect.poll(() => sink.events.at(-1)?.seq).toBe(603);
  expect(sink.isChained).toBe(true);
});

test("[S-31] a removal is told to who was there and to who comes back", async () => {
  const { messageId } = ids();
  const publisher = await new Publisher(world()).started(session(), message(messageId, 0));
  await publisher.publish({ type: "message.removed", payload: { messageId } });
  const sink = await follow(publisher, publisher.owner, { after: "2" });
  expect(sink.events).toMatchObject([{ type: "message.removed", data: JSON.stringify({ messageId }) }]);
});

test("[S-31] a cursor of another store, or beyond the end, gets a reset and goes on live", async () => {
  const publisher = await new Publisher(world()).started(session());
  const store = publisher.world.store.storeId();
  const reset = async (more: { after: string; store?: string }) =>
    (await follow(publisher, publisher.owner, more)).controls.find(({ type }) => type === "reset")?.data;
  expect(await reset({ after: "1", store: "another" })).toMatchObject({ reason: "store", lastSeq: 1 });
  expect(await reset({ after: "9", store })).toMatchObject({ reason: "ahead" });
  expect(await reset({ after: "1", store })).toBeUndefined();
  expect(await codeOf(follow(publisher, publisher.owner, { after: "x" }))).toBe("CURSOR_INVALID");
});

test("[S-15] revoking a parent ends the silent stream of a grandchild at once, and others go on", async () => {
  const publisher = await new Publisher(world()).started(session());
  const parent = await publisher.link({ rights: ["read", "share"] });
  const grandchild = await publisher.link({}, await publisher.link({ rights: ["read", "share"] }, parent));
  const [ends, stays] = [await follow(publisher, grandchild), await follow(publisher, publisher.owner)];
  const ended: string[] = [];
  const caller = { bearer: grandchild.secret, peer: PEER };
  await publisher.world.service.watch({ shareId: publisher.shareId, caller }, () => ended.push("watched"));
  await publisher.call("revokeCapability", { refId: parent.refId }, publisher.owner.secret);
  expect([ends.ended, stays.ended]).toEqual(["revoked", undefined]);
  await expect.poll(() => ended).toEqual(["watched"]);
  expect(await codeOf(follow(publisher, grandchild))).toBe("REF_NOT_VALID");
});

test("[S-15] a stream ends when its ref is due, also when nothing happens, and when its share is taken back", async () => {
  const publisher = await new Publisher(world()).started(session());
  const link = await publisher.link({ caveats: { expiresAt: publisher.world.clock.now() + 5_000 } });
  const [short, long] = [await follow(publisher, link), await follow(publisher, publisher.owner)];
  publisher.world.clock.advance(4_999);
  expect(short.ended).toBeUndefined();
  publisher.world.clock.advance(1);
  expect([short.ended, long.ended]).toEqual(["revoked", undefined]);
  await publisher.call("revokeShare", {}, KEY);
  expect(long.ended).toBe("revoked");
});

test("[S-11] a reader that is too slow is cut alone, and one that leaves is forgotten", async () => {
  const publisher = await new Publisher(world()).started(session());
  const [slow, gone, good] = await Promise.all([0, 1, 2].map(() => follow(publisher, publisher.owner)));
  if (slow !== undefined) slow.waiting = 5 * 1024 * 1024;
  gone?.leave();
  await publisher.publish(session("x"));
  expect([slow?.ended, gone?.ended, good?.ended]).toEqual(["overflow", undefined, undefined]);
  expect(gone?.events).toEqual([]);
  await expect.poll(async () => (await publisher.call("listShares", {}, KEY)).items[0]?.viewers).toBe(1);
});
