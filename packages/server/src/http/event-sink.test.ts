import type { EventStream } from "@holdfast/edge";
import { FakeClock } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeLog, SESSION, WORKSPACE } from "../../test/events/fake-log.ts";
import { parseFrames } from "../../test/http/parse-frames.ts";
import type { LogEvent, Sink, Target } from "../events/index.ts";
import { createEventSink } from "./event-sink.ts";

class FakeStream implements EventStream {
  readonly writes: Buffer[] = [];
  closing: "ended" | "cut" | undefined;
  leave: () => void = () => undefined;

  write = (frames: Buffer): void => void this.writes.push(frames);
  backlog = (): number => 0;
  drained = (): Promise<void> => Promise.resolve();
  end = (): void => void (this.closing = "ended");
  cut = (): void => void (this.closing = "cut");
  onClose = (listener: () => void): void => void (this.leave = listener);
}

const event = () => {
  const log = new FakeLog();
  log.publish(["a"]);
  const [entry] = log.entries;
  if (entry === undefined) throw new Error("nothing was published");
  return entry.event;
};

describe("events as server-sent events", () => {
  let clock: FakeClock;
  beforeEach(() => (clock = new FakeClock()));

  function open(target: Target = { kind: "session", sessionId: SESSION }): {
    stream: FakeStream;
    sink: Sink;
  } {
    const stream = new FakeStream();
    return { stream, sink: createEventSink(stream, target, clock) };
  }

  test.each<[string, object, Omit<LogEvent, "event">, string]>([
    [
      "a session's event",
      {},
      { cursor: "1", prev: 0 },
      `id: 1\nevent: message.updated\ndata: {"seq":1,"prev":0,"type":"message.updated","version":1,` +
        `"sessionId":"${SESSION}","time":1700000000001,"data":{"row":"a","revision":1}}\n\n`,
    ],
    [
      "a feed's event of no session",
      { sessionId: undefined, seq: undefined, actor: { id: "owner", kind: "owner", label: "O" } },
      { cursor: "x" },
      `id: x\nevent: message.updated\ndata: {"type":"message.updated","version":1,"workspaceId":"${WORKSPACE}",` +
        `"time":1700000000001,"actor":{"id":"owner","kind":"owner","label":"O"},"data":{"row":"a","revision":1}}\n\n`,
    ],
  ])("[D-3] the envelope of %s has its fields in order", (_name, fields, entry, text) => {
    const { stream, sink } = open();
    sink.deliver([{ event: { ...event(), ...fields }, ...entry }]);
    expect(stream.writes.map(String)).toEqual([text]);
  });

  test("[D-24] what readers share is encoded once, and written in one piece", () => {
    const shared: LogEvent[] = [1, 2].map((seq) => ({
      event: { ...event(), seq },
      cursor: `${seq}`,
      prev: seq - 1,
    }));
    const [one, other] = [open(), open()];
    for (const { sink } of [one, other]) sink.deliver(shared);
    expect(one.stream.writes).toHaveLength(1);
    expect(one.stream.writes[0]).toBe(other.stream.writes[0]);
  });

  test("[D-23] a reset names what to read, and nothing but an event has an id", () => {
    const { stream, sink } = open();
    sink.control({ type: "hello", data: { storeId: "one", lastSeq: 3 } });
    sink.control({ type: "reset", data: { reason: "ahead", lastSeq: 3 } });
    expect(parseFrames(stream.writes.join(""))).toEqual([
      { event: "hello", data: { storeId: "one", lastSeq: 3 } },
      {
        event: "reset",
        data: {
          reason: "ahead",
          lastSeq: 3,
          state: ["", "/messages", "/inputs?state=queued"].map((path) => `/api/sessions/${SESSION}${path}`),
        },
      },
    ]);
  });

  test("[D-23] a heartbeat every ten seconds from the moment a stream is live until it is over", () => {
    const [ended, left] = [open(), open()];
    left.sink.onLeave(() => undefined);
    for (const { stream, sink } of [ended, left]) {
      clock.advance(HEARTBEAT_MS);
      expect(stream.writes).toEqual([]);
      sink.control({ type: "caught-up", data: {} });
      clock.advance(HEARTBEAT_MS);
      clock.advance(HEARTBEAT_MS);
      const beat = { event: "heartbeat", data: {} };
      expect(parseFrames(stream.writes.splice(0).join(""))).toEqual([
        { event: "caught-up", data: {} },
        beat,
        beat,
      ]);
      if (sink === ended.sink) sink.end("over");
      else stream.leave();
      clock.advance(HEARTBEAT_MS);
      expect(stream.writes).toEqual([]);
    }
  });

  test("[D-24] a reader that was too slow is cut, any other gets what was written", () => {
    const endings = (["over", "stopped", "overflow", "failed"] as const).map((reason) => {
      const { stream, sink } = open();
      sink.end(reason);
      return stream.closing;
    });
    expect(endings).toEqual(["ended", "ended", "cut", "cut"]);
  });
});
