import { EMPTY_SESSION, reduce, type SessionState } from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import { expect, test } from "vitest";
import {
  type Frame,
  type HoldfastProcess,
  readFrames,
  startHoldfast,
  temporaryDirectory,
} from "../harness/index.ts";

const CUTS = 50;
const PROMPT = "THINK about it\nSLOW 400 15\nPLAN one | two\nOUTPUT 4000\nSLOW 200 15\nSAY the end";

const eventOf = (frame: Frame): SessionEvent => frame.data as unknown as SessionEvent;
const isEnd = (frame: Frame) => frame.event === "turn.completed";

const open = (
  server: HoldfastProcess,
  sessionId: string,
  cursor: number,
  signal?: AbortSignal,
): Promise<Response> =>
  server.fetch(`/api/sessions/${sessionId}/events?after=0`, {
    headers: { "last-event-id": String(cursor) },
    ...(signal === undefined ? {} : { signal }),
  });

/** Reads with a cut after every few frames, resumed by Last-Event-ID; answers the events and how often it was cut. */
async function readCut(
  server: HoldfastProcess,
  sessionId: string,
): Promise<{ events: SessionEvent[]; cuts: number }> {
  const events: SessionEvent[] = [];
  let cursor = 0;
  for (let cuts = 0; ; cuts += 1) {
    const controller = new AbortController();
    const response = await open(server, sessionId, cursor, controller.signal);
    // Few, because a busy machine joins many deltas into one event.
    let left = cuts < CUTS ? 1 + (cuts % 2) : Number.POSITIVE_INFINITY;
    let ended = false;
    await readFrames(response, (frame) => {
      if (frame.id !== undefined) {
        events.push(eventOf(frame));
        cursor = Number(frame.id);
        left -= 1;
      }
      ended ||= isEnd(frame);
      return ended || left <= 0;
    });
    controller.abort();
    if (ended) return { events, cuts };
  }
}

const fold = (events: SessionEvent[]): SessionState =>
  events.reduce((state, event) => reduce(state, event), EMPTY_SESSION);

/** What people see, without the bookkeeping of how it came. */
const visible = ({ messages, turns, todos, status, permissions, lastSeq }: SessionState) => ({
  messages,
  turns,
  todos,
  status,
  permissions,
  lastSeq,
});

test("[D-22, D-23, D-3] a stream cut 50 times and resumed by Last-Event-ID gives the state of one never cut", async () => {
  await using directory = await temporaryDirectory("cuts");
  await using server = await startHoldfast({ root: directory.path });
  const session = await server.client.createSession({ directory: server.project });
  const whole = open(server, session.id, 0).then((response) => readFrames(response, isEnd));
  await server.client.admitInput(session.id, { parts: [{ type: "text", text: PROMPT }] });
  const cut = await readCut(server, session.id);
  const uncut = (await whole).frames.filter((frame) => frame.id !== undefined).map(eventOf);

  expect(cut.cuts).toBeGreaterThanOrEqual(CUTS);
  for (const events of [uncut, cut.events]) {
    let last = 0;
    for (const event of events) {
      expect(event.seq).toBeGreaterThan(last);
      expect(event.prev).toBeLessThanOrEqual(last);
      last = event.seq;
    }
  }
  // Every event that is not superseded came once: what the cut reader lacks is an older entry of a row, or a delta that a whole part covers.
  const seen = new Set(cut.events.map((event) => event.seq));
  expect(seen.size).toBe(cut.events.length);
  for (const event of uncut.filter(({ seq }) => !seen.has(seq)))
    expect(isSuperseded(event, uncut)).toBe(true);

  expect(visible(fold(cut.events))).toEqual(visible(fold(uncut)));
  const page = await server.client.listMessages(session.id, { limit: 200 });
  expect(fold(cut.events).messages).toEqual(page.items);
});

/** Whether a later event of the stream stands for the same row. */
function isSuperseded(event: SessionEvent, all: SessionEvent[]): boolean {
  const row = rowOf(event);
  return all.some(
    (later) => later.seq > event.seq && later.type !== "message.part.delta" && rowOf(later) === row,
  );
}

function rowOf(event: SessionEvent): string {
  const data = event.data as Record<string, { id?: string } & string>;
  if (event.type === "session.status" || event.type === "todo.updated") return event.type;
  if (event.type === "message.part.delta") return String(data["partId"]);
  const value =
    data["part"] ??
    data["message"] ??
    data["turn"] ??
    data["input"] ??
    data["session"] ??
    data["agentSession"];
  return value?.id ?? `${event.type}:${event.seq}`;
}
