/** An agent whose memory is the rows of its session. */
import { HoldfastError, newId } from "@holdfast/kernel";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TurnSink } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { storedTurn } from "../../src/turn/run/stored-turn.ts";
import { DataDirectory, type Room } from "./room.ts";
import { endTurn } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

test("[A-26] what it said is stored once that was committed, and it reads the running turn back, from a message on", async () => {
  const sessionId = await room.createSession();
  const read: unknown[] = [];
  room.agent.next(async ({ sink }) => {
    for (const stepId of Array.from({ length: 12 }, (_, index) => `s${index}`)) {
      sink.emit({ type: "step", stepId });
      sink.emit({ type: "text", text: `said in ${stepId}`, streamId: stepId });
    }
    await sink.committed();
    const all = await sink.stored();
    const last = all.at(-1)?.info.id;
    read.push(sink.turnId, all.map(({ info }) => info.role).join(" "), (await sink.stored(last)).length);
    read.push(JSON.stringify(all).includes("said in s11"), (await sink.stored(newId("msg"))).length);
    return endTurn;
  });
  const turnId = await room.say(sessionId, "go");
  await room.ended(turnId);
  const roles = ["user", ...Array.from({ length: 12 }, () => "assistant")].join(" ");
  expect(read).toEqual([turnId, roles, 1, true, 13]);
});

test("[A-26] nothing of an earlier turn is in it", async () => {
  const sessionId = await room.createSession();
  await room.ended(await room.say(sessionId, "one"));
  const turnId = await room.say(sessionId, "two");
  await room.ended(turnId);
  const session = await room.session(sessionId);
  const [asked] = await room.store.messagesOfTurn(turnId);
  if (asked === undefined) throw new Error("The turn has no message.");
  const stored = await storedTurn(room.store, { session, message: asked });
  expect(stored.map(({ info }) => info.turnId)).toEqual([turnId, turnId]);
});

test("[A-26, D-17] a commit that cannot be is said, so that nothing is done behind it", async () => {
  let isLost = false;
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || name !== "appendProgress") return value;
        return (...args: unknown[]) =>
          isLost
            ? Promise.reject(new HoldfastError("CLAIM_LOST", "Refused by the test."))
            : (Reflect.apply(value, target, args) as unknown);
      },
    });
  const place = await directory.start({ wrap });
  const sessionId = await place.createSession();
  const heard: unknown[] = [];
  place.agent.next(async ({ sink }) => {
    await sink.committed();
    isLost = true;
    sink.emit({ type: "text", text: "lost" });
    heard.push(await sink.committed().catch(() => "refused"));
    return endTurn;
  });
  await place.say(sessionId, "go");
  await place.until(() => heard.length, 1);
  expect(heard).toEqual(["refused"]);
});

test("[A-26, D-16] what a turn that has ended says is not committed", async () => {
  const sessionId = await room.createSession();
  const late = Promise.withResolvers<TurnSink>();
  room.agent.next(({ sink }) => {
    late.resolve(sink);
    return Promise.resolve(endTurn);
  });
  await room.ended(await room.say(sessionId, "go"));
  const sink = await late.promise;
  sink.emit({ type: "tool", update: { callId: "c", status: "running", tool: "bash", input: {} } });
  await expect(sink.committed()).rejects.toThrow("not written any more");
});

test("[A-26, D-16, R-9.5] what is said of a child that cannot be stored is not committed, until it has ended", async () => {
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) =>
        name === "startAgentTurn" ? () => Promise.resolve(undefined) : (Reflect.get(target, name) as unknown),
    });
  const place = await directory.start({ wrap });
  const sessionId = await place.createSession();
  const heard: string[] = [];
  const told = (sink: TurnSink) =>
    sink.committed().then(
      () => "committed",
      () => "refused",
    );
  place.agent.next(async ({ sink }) => {
    const child = { type: "child", childId: "k" } as const;
    sink.emit({ ...child, told: { type: "began", title: "look", prompt: "look" } });
    heard.push(await told(sink));
    sink.emit({ ...child, told: { type: "ended" } });
    heard.push(await told(sink));
    return endTurn;
  });
  await place.ended(await place.say(sessionId, "go"));
  expect(heard).toEqual(["refused", "committed"]);
});

test("[A-26, R-14.4] an output that its model no longer gets is marked by the id of its row, in its own session alone", async () => {
  const [sessionId, other] = [await room.createSession(), await room.createSession()];
  const script = (of: () => Promise<void>) =>
    room.agent.next(async ({ sink }) => {
      sink.emit({
        type: "tool",
        update: { callId: "c", status: "completed", tool: "bash", input: {}, output: "out" },
      });
      await of();
      return endTurn;
    });
  script(() => Promise.resolve());
  const first = await room.say(sessionId, "go");
  await room.ended(first);
  const part = (await room.store.messagesOfTurn(first))
    .flatMap(({ parts }) => parts)
    .find(({ type }) => type === "tool");
  if (part === undefined) throw new Error("There is no call.");
  const clear = { type: "rowCleared", messageId: part.messageId, partId: part.id, time: 5 } as const;
  for (const [session, time] of [
    [other, undefined],
    [sessionId, 5],
  ] as const) {
    room.agent.next(async ({ sink }) => {
      sink.emit(clear);
      await sink.committed();
      return endTurn;
    });
    await room.ended(await room.say(session, "clear"));
    const stored = await room.store.getPart(part.id);
    const state = stored?.type === "tool" && stored.state.status === "completed" ? stored.state : undefined;
    expect(state?.time.compacted).toBe(time);
  }
});
