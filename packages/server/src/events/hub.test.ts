import { FakeClock, silentLogger } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeLog, SESSION, WORKSPACE } from "../../test/events/fake-log.ts";
import { RecordingSink } from "../../test/events/recording-sink.ts";
import { createEvents, type Events, QUEUE_BYTES, type Resume, type Target } from "./index.ts";

const TARGET: Target = { kind: "session", sessionId: SESSION };

describe("event streams", () => {
  let log: FakeLog;
  let clock: FakeClock;
  let events: Events;

  beforeEach(() => {
    log = new FakeLog();
    clock = new FakeClock();
    events = createEvents({ store: log, clock, logger: silentLogger });
  });
  afterEach(() => events.close());

  async function open(resume: Resume = {}, target: Target = TARGET): Promise<RecordingSink> {
    const sink = new RecordingSink();
    await events.subscribe(target, resume, () => sink);
    await vi.waitFor(() =>
      expect(sink.ended ?? sink.frames.some((frame) => frame.event === "caught-up")).toBeTruthy(),
    );
    return sink;
  }

  const names = (sink: RecordingSink): string[] => sink.frames.map((frame) => frame.event);

  test("[D-23] a stream begins with hello and says when it is caught up", async () => {
    log.publish(["a", "b"]);
    const sink = await open({ cursor: "0" });
    expect(sink.frames[0]).toEqual({ event: "hello", data: { storeId: log.storeId, lastSeq: 2 } });
    expect(names(sink)).toEqual(["hello", "message.updated", "message.updated", "caught-up"]);
  });

  test("[D-22] without a cursor a stream begins now", async () => {
    log.publish(["a", "b"]);
    const sink = await open();
    log.publish(["c"]);
    expect(names(sink)).toEqual(["hello", "caught-up", "message.updated"]);
    expect(sink.events[0]?.data).toMatchObject({ seq: 3, prev: 2 });
  });

  test("[D-3] the first live event after superseded entries names the reader's own prev", async () => {
    log.publish(["a", "b", undefined, "b"]);
    log.trimmed = 4;
    const sink = await open({ cursor: "0" });
    expect(sink.events).toEqual([]);
    log.trimmed = 0;
    log.publish(["a", "c"]);
    expect(sink.events.map(({ data }) => [data["seq"], data["prev"]])).toEqual([
      [5, 0],
      [6, 5],
    ]);
  });

  test("[D-24] readers share what a commit put into a log", async () => {
    const [one, other] = [await open(), await open()];
    log.publish(["a", "b", "c"]);
    expect(one.batches).toHaveLength(1);
    expect(one.batches[0]).toHaveLength(3);
    expect(one.batches[0]).toBe(other.batches[0]);
  });

  test("[D-24] a reader that takes nothing is cut at its bound, and the others go on", async () => {
    const [slow, quick] = [await open(), await open()];
    slow.isStalled = true;
    const row = "x".repeat(100_000);
    let commits = 0;
    while (slow.ended === undefined && commits < 200) {
      log.publish([row]);
      commits += 1;
    }
    expect(slow.ended).toBe("overflow");
    expect(commits).toBe(Math.ceil(QUEUE_BYTES / 100_000));
    log.publish(["a"]);
    expect(quick.events).toHaveLength(commits + 1);
    expect(events.count()).toBe(1);
  });

  /** Calls `act` at the n-th time that a read is on its way, and lets it go on when `act` is through. */
  function atRead(acts: Record<number, () => void | Promise<void>>): void {
    let reads = 0;
    log.pause = async () => {
      reads += 1;
      await acts[reads]?.();
    };
  }

  test("[D-24] what is committed while a reader catches up is bounded too", async () => {
    log.publish(["a"]);
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    atRead({
      4: () => {
        reached.resolve();
        return gate.promise;
      },
    });
    const sink = new RecordingSink();
    await events.subscribe(TARGET, { cursor: "0" }, () => sink);
    await reached.promise;
    while (sink.ended === undefined && log.entries.length < 200) log.publish(["x".repeat(100_000)]);
    gate.resolve();
    expect(sink.ended).toBe("overflow");
  });

  test("[D-22] what was committed just before the reader was registered is read, however many pages it takes", async () => {
    log.pageRows = 4;
    log.publish([undefined]);
    atRead({
      4: () => log.publish([undefined, undefined, undefined, undefined, undefined, undefined]),
      5: () => log.publish([undefined]),
    });
    const sink = await open({ cursor: "1" });
    expect(sink.events.map(({ data }) => [data["seq"], data["prev"]])).toEqual(
      [2, 3, 4, 5, 6, 7, 8].map((seq) => [seq, seq - 1]),
    );
  });

  test("[D-24] a replay waits for a reader that is behind, and gives up after a minute", async () => {
    log.publish(["a"]);
    const sink = new RecordingSink();
    sink.isStalled = true;
    sink.drained = () => new Promise(() => undefined);
    await events.subscribe(TARGET, { cursor: "0" }, () => sink);
    await vi.waitFor(() => expect(sink.events).toHaveLength(1));
    clock.advance(59_000);
    expect(sink.ended).toBeUndefined();
    clock.advance(2_000);
    await vi.waitFor(() => expect(sink.ended).toBe("overflow"));
  });

  test.each([
    ["ahead", { cursor: "9" }],
    ["store", { cursor: "1", storeId: "another" }],
    ["retention", { cursor: "1" }],
  ])("[D-23] a cursor that cannot go on gets a reset (%s), then live events", async (reason, resume) => {
    log.publish(["a", "b", "c"]);
    log.trimmed = 2;
    const sink = await open(resume);
    expect(sink.frames[1]).toMatchObject({ event: "reset", data: { reason, lastSeq: 3 } });
    log.publish(["d"]);
    expect(sink.events.map(({ data }) => [data["seq"], data["prev"]])).toEqual([[4, 3]]);
  });

  test.each(["-1", "1.5", "x", "", "99999999999999999", "1 "])(
    "[D-23] the malformed cursor %j is refused before any frame",
    async (cursor) => {
      const open = vi.fn<() => RecordingSink>();
      await expect(events.subscribe(TARGET, { cursor }, open)).rejects.toMatchObject({
        code: "CURSOR_INVALID",
      });
      expect(open).not.toHaveBeenCalled();
    },
  );

  test("[D-23] an unknown session or workspace is refused before any frame", async () => {
    const open = vi.fn<() => RecordingSink>();
    const session: Target = { kind: "session", sessionId: SESSION.replace("1", "2") as SessionId };
    const workspace: Target = { kind: "workspace", workspaceId: "wsp_other" as typeof WORKSPACE };
    await expect(events.subscribe(session, {}, open)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(events.subscribe(workspace, { cursor: "0" }, open)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(open).not.toHaveBeenCalled();
  });

  test("[D-23] a feed's cursor is opaque, bound to its store, and goes on behind its event", async () => {
    log.publish(["a", "b"]);
    const first = await open({ cursor: "0" }, { kind: "all" });
    const cursor = first.events[0]?.id ?? "";
    expect(cursor).not.toMatch(/^\d+$/);
    const second = await open({ cursor }, { kind: "workspace", workspaceId: WORKSPACE });
    expect(second.events.map(({ data }) => data["seq"])).toEqual([2]);
    expect(second.events[0]?.data).not.toHaveProperty("prev");
    log.storeId = "store-two";
    const third = await open({ cursor }, { kind: "all" });
    expect(third.frames[1]).toMatchObject({ event: "reset", data: { reason: "store" } });
    await expect(open({ cursor: cursor.slice(1) }, { kind: "all" })).rejects.toMatchObject({
      code: "CURSOR_INVALID",
    });
  });

  test("[D-22] session.deleted is a session's last frame", async () => {
    const sink = await open();
    log.publish(["session"], "session.deleted");
    expect(names(sink).at(-1)).toBe("session.deleted");
    expect(sink.ended).toBe("over");
    expect(events.count()).toBe(0);
  });

  test("[D-22] a stream whose session vanished while it opened ends", async () => {
    const sink = new RecordingSink();
    let reads = 0;
    log.pause = () => {
      reads += 1;
      log.isDeleted = reads > 1;
      return Promise.resolve();
    };
    await events.subscribe(TARGET, {}, () => sink);
    await vi.waitFor(() => expect(sink.ended).toBeDefined());
  });

  test("a reader that leaves is forgotten, and closing ends the others", async () => {
    const [one, other] = [await open(), await open()];
    one.leave();
    expect([events.count(), one.ended]).toEqual([1, undefined]);
    events.close();
    expect([events.count(), other.ended, log.listeners]).toEqual([0, "stopped", 0]);
    await expect(open()).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });
});
