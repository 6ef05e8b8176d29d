import { HoldfastError } from "@holdfast/kernel";
import type { TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn } from "./scripted-agent.ts";

let directory: DataDirectory;

beforeAll(() => {
  directory = new DataDirectory();
});
afterAll(() => directory.remove());

const saidBy = (room: Room, turnId: TurnId, text: string) => room.until(() => room.text(turnId), text);

/** A store that refuses the named commands while `refusing` holds. */
function refusingStore(
  commands: string[],
  code: "STORAGE_UNAVAILABLE" | "CLAIM_LOST",
  refusing: () => boolean,
) {
  return (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || !commands.includes(String(name))) return value;
        return (...args: unknown[]) => {
          if (refusing()) return Promise.reject(new HoldfastError(code, "Refused by the test."));
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
}

describe("[D-21] shutdown", () => {
  test("[D-21] a turn that ends within the grace completes, and nothing new starts", async () => {
    const room = await directory.start();
    const sessionId = await room.createSession();
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(({ sink }) => (sink.emit({ type: "text", text: "working" }), release.promise));
    const [turnId, queued] = [await room.say(sessionId, "hello"), await room.say(sessionId, "next")];
    await saidBy(room, turnId, "working");
    const stopped = room.turns.stop(10_000);
    room.turns.wake(sessionId);
    release.resolve(endTurn);
    await stopped;
    expect((await room.turn(turnId)).state).toBe("completed");
    expect((await room.turn(queued)).state).toBe("queued");
    expect(room.agent.disposed).toBe(true);
    expect((await room.session(sessionId)).queue.paused).toBe(false);
  });

  test("[D-21] after the grace it is aborted / shutdown with what it said, without waiting for an agent that does not answer", async () => {
    const room = await directory.start();
    const sessionId = await room.createSession();
    room.agent.next(({ sink }) => {
      sink.emit({ type: "text", text: "working" });
      return new Promise<PromptResult>(() => undefined);
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "working");
    const stopped = room.turns.stop(10_000);
    room.clock.advance(9_999);
    expect((await room.turn(turnId)).state).toBe("running");
    room.clock.advance(1);
    await room.until(() => room.agent.opened[0]?.cancels, 1);
    room.clock.advance(1_000);
    await stopped;
    expect(await room.turn(turnId)).toMatchObject({
      state: "aborted",
      reason: "shutdown",
      error: { name: "MessageAbortedError" },
    });
    expect(await room.text(turnId)).toBe("working");
    expect((await room.store.listAgentSessions(sessionId)).items[0]?.status).toBe("resumable");
  });

  test("[D-10] a cancelled turn stays cancelled at shutdown", async () => {
    const room = await directory.start();
    const sessionId = await room.createSession();
    room.agent.next(({ sink }) => {
      sink.emit({ type: "text", text: "working" });
      return new Promise<PromptResult>(() => undefined);
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "working");
    await room.turns.cancel({ turnId, actor: OWNER });
    const stopped = room.turns.stop(0);
    room.clock.advance(0);
    await room.until(() => (room.clock.advance(1_000), room.turn(turnId)), { state: "aborted" });
    await stopped;
    expect(await room.turn(turnId)).toMatchObject({ reason: "cancelled" });
  });

  test("[D-21] a store that does not write keeps nobody: the turn is left for the next start", async () => {
    let refusing = false;
    const commands = ["appendProgress", "beginFinalize"];
    const room = await directory.start({
      wrap: refusingStore(commands, "STORAGE_UNAVAILABLE", () => refusing),
    });
    const sessionId = await room.createSession();
    room.agent.next(
      ({ sink, cancelled }) => (sink.emit({ type: "text", text: "working" }), cancelled.then(() => endTurn)),
    );
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "working");
    refusing = true;
    let leftBeforeDispose = false;
    const dispose = room.agent.dispose.bind(room.agent);
    room.agent.dispose = () => {
      leftBeforeDispose = room.logs.some(({ message }) =>
        message.startsWith("a turn could not be finalized"),
      );
      return dispose();
    };
    let done = false;
    const stopped = room.turns.stop(0).then(() => (done = true));
    await room.until(() => (room.clock.advance(1_000), done), true);
    await stopped;
    expect(leftBeforeDispose).toBe(true);
    expect((await room.turn(turnId)).state).toBe("running");
    const next = await directory.start();
    await next.turns.recover();
    expect(await next.turn(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    await next.turns.stop(0);
  });
});

describe("[D-34] while the store cannot write", () => {
  test("[D-34] a turn's progress and end wait and are then written once", async () => {
    let refusing = false;
    const commands = ["appendProgress", "beginFinalize", "finalizeTurn"];
    const room = await directory.start({
      wrap: refusingStore(commands, "STORAGE_UNAVAILABLE", () => refusing),
    });
    const sessionId = await room.createSession();
    const release = Promise.withResolvers<PromptResult>();
    room.agent.next(async ({ sink }) => {
      sink.emit({ type: "text", text: "one" });
      await release.promise;
      sink.emit({ type: "text", text: ", two" });
      return endTurn;
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "one");
    refusing = true;
    release.resolve(endTurn);
    for (let count = 0; count < 5; count += 1) {
      room.clock.advance(5_000);
      await room.turn(turnId);
    }
    expect(await room.turn(turnId)).toMatchObject({ state: "running" });
    refusing = false;
    await room.until(() => (room.clock.advance(5_000), room.turn(turnId)), { state: "completed" });
    expect(await room.text(turnId)).toBe("one, two");
  });

  test("[D-34] a claim is tried again by itself", async () => {
    let refusals = 3;
    const room = await directory.start({
      wrap: refusingStore(["startTurn"], "STORAGE_UNAVAILABLE", () => (refusals -= 1) >= 0),
    });
    const sessionId = await room.createSession();
    const turnId = await room.say(sessionId, "hello");
    await room.until(() => (room.clock.advance(250), room.turn(turnId)), { state: "completed" });
    expect(refusals).toBeLessThan(0);
  });
});

describe("[D-17] a lost claim", () => {
  test("[D-17] the agent is ended, nothing more is written, and the turn is the new owner's", async () => {
    const room = await directory.start();
    const sessionId = await room.createSession();
    let emit: (text: string) => void = () => undefined;
    room.agent.next(({ sink }) => {
      emit = (text) => sink.emit({ type: "text", text });
      emit("before");
      return new Promise<PromptResult>(() => undefined);
    });
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "before");
    const epoch = await room.store.takeOver({ sessionId, instanceId: room.instanceId });
    const seq = await room.store.lastSeq(sessionId);
    emit(", after");
    await room.until(() => room.agent.closed.includes(sessionId), true);
    await room.turns.release(sessionId);
    emit(", and later");
    expect(await room.text(turnId)).toBe("before");
    expect(await room.turn(turnId)).toMatchObject({ state: "running" });
    expect([await room.store.lastSeq(sessionId), await room.store.epochOf(sessionId)]).toEqual([seq, epoch]);
    expect(room.agent.find(sessionId, "rehearsal")).toBeUndefined();
  });

  test("[D-17] lost between the last write and the end: the end is not written either", async () => {
    let lost = false;
    const room = await directory.start({
      wrap: refusingStore(["beginFinalize"], "CLAIM_LOST", () => lost),
    });
    const sessionId = await room.createSession();
    lost = true;
    const turnId = await room.say(sessionId, "hello");
    await saidBy(room, turnId, "You said: hello");
    await room.until(() => room.agent.closed.includes(sessionId), true);
    expect((await room.turn(turnId)).state).toBe("running");
  });
});
