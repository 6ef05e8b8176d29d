import { EVENT_DATA, type EventData, type EventType } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { markSession, markWorkspace } from "./share-marks.ts";
import type { Write } from "./sql.ts";

/** A store that tells which keys were marked. */
function recorder(): { write: Write; keys: unknown[] } {
  const keys: unknown[] = [];
  const write = { now: 1, run: (_sql: string, key: unknown) => keys.push(key) };
  return { write: write as unknown as Write, keys };
}

const DATA = {
  session: { id: "ses_1" },
  message: { id: "msg_1", role: "assistant" },
  part: { id: "prt_1" },
  change: { id: "chg_1" },
  messageId: "msg_1",
  partId: "prt_1",
} as unknown as EventData<EventType>;

test("[S-3] a session or a workspace that nobody shares costs no statement, whatever happens in it", () => {
  const { write, keys } = recorder();
  for (const type of Object.keys(EVENT_DATA) as EventType[]) {
    markSession(write, { rid: 1, shared: 0 }, type, DATA);
    markWorkspace(write, { rid: 1, shared: 0 }, type, DATA);
    markWorkspace(write, undefined, type, DATA);
  }
  expect(keys).toEqual([]);
});

test("[S-20] an event marks the rows that it changes, and most change none", () => {
  const marked = (Object.keys(EVENT_DATA) as EventType[]).flatMap((type) => {
    const { write, keys } = recorder();
    if (type === "change.updated") markWorkspace(write, { rid: 1, shared: 1 }, type, DATA as never);
    else markSession(write, { rid: 1, shared: 1 }, type, DATA);
    return keys.length === 0 ? [] : [[type, keys]];
  });
  expect(Object.fromEntries(marked)).toEqual({
    "session.updated": ["session", "usage"],
    "session.status": ["session"],
    "message.updated": ["message:msg_1", "models"],
    "message.removed": ["message:msg_1", "models"],
    "message.part.updated": ["part:prt_1"],
    "message.part.removed": ["part:prt_1"],
    "message.part.delta": ["part:prt_1"],
    "change.updated": ["change:chg_1"],
  });
});
