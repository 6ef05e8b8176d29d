/** A shared session for tests, with a text of the test's own in every place that a publisher fills. */
import type { PublishedChange, PublishedPart, SharedMessage, SharedSession } from "@holdfast/protocol";
import type { SharedPageRequest } from "../../src/shared/index.ts";

const id = <P extends string>(prefix: P, count: number) =>
  `${prefix}_${String(count).padStart(26, "0")}` as never;

export const SHARE = id("shr", 1);

export const sharedSession = (text: string, more: Partial<SharedSession> = {}): SharedSession => ({
  shareId: SHARE,
  session: { title: text, agent: "rehearsal", status: "idle", time: { created: 1_000, updated: 2_000 } },
  models: [{ modelId: text.slice(0, 200) || "none" }],
  omitted: [],
  seq: 7,
  ...more,
});

const part = (count: number, more: Record<string, unknown>): PublishedPart =>
  ({ id: id("prt", count), messageId: id("msg", 2), ordinal: count, ...more }) as unknown as PublishedPart;

/** One question and one answer, of every kind of part that says something. */
export const sharedMessages = (text: string): SharedMessage[] => [
  {
    info: { id: id("msg", 1), ordinal: 0, role: "user", agent: "rehearsal", time: { created: 1_000 } },
    parts: [
      { id: id("prt", 90), messageId: id("msg", 1), ordinal: 0, type: "text", text },
      {
        id: id("prt", 91),
        messageId: id("msg", 1),
        ordinal: 1,
        type: "file",
        mime: text,
        filename: text,
        blob: `sha256:${"ab".repeat(32)}`,
      },
    ],
    omitted: [],
  },
  {
    info: {
      id: id("msg", 2),
      ordinal: 1,
      role: "assistant",
      parentId: id("msg", 1),
      agent: "rehearsal",
      time: { created: 1_500, completed: 2_000 },
      error: { name: "UnknownError", message: text },
    },
    parts: [
      part(1, { type: "text", text }),
      part(2, { type: "reasoning", text, time: { start: 1, end: 2 } }),
      part(3, {
        type: "tool",
        callId: "call",
        tool: text,
        kind: "execute",
        locations: [{ path: text, line: 3 }],
        state: {
          status: "completed",
          input: { command: text },
          raw: text,
          title: text,
          output: text,
          time: { start: 1, end: 2 },
        },
      }),
      part(4, {
        type: "tool",
        callId: "call-2",
        tool: "edit",
        kind: "edit",
        diffs: [{ path: text, oldText: text, newText: `${text}\nmore` }],
        state: { status: "error", input: { [text]: text }, raw: "", error: text, time: { start: 1, end: 2 } },
      }),
      part(5, { type: "subtask", prompt: text, description: text, agent: "rehearsal", command: text }),
      part(6, { type: "retry", number: 1, error: { name: "APIError", message: text }, time: { created: 1 } }),
    ],
    omitted: [{ key: `part:${String(id("prt", 8))}`, reason: "tooLarge" }],
  },
];

export const sharedChange = (text: string): PublishedChange => ({
  id: id("chg", 1),
  path: text,
  oldPath: text,
  kind: "modified",
  state: "pending",
  agent: text.slice(0, 64) || "user",
  hunks: [
    { id: "h", oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, agents: [text.slice(0, 64) || "user"] },
  ],
  binary: false,
  additions: 1,
  deletions: 1,
  patch: `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-${text.split("\n")[0]}\n+${text.split("\n")[0]} more\n`,
  time: { created: 1, updated: 2 },
});

export const sharedRequest = (text: string, more: Partial<SharedPageRequest> = {}): SharedPageRequest => ({
  page: "session",
  assets: { script: "/assets/main.js", styles: ["/assets/main.css"] },
  shared: sharedSession(text),
  messages: { items: sharedMessages(text) },
  changes: [sharedChange(text)],
  comments: [
    {
      id: id("cmt", 1),
      on: id("msg", 2),
      text,
      by: { refId: id("ref", 1), label: text },
      time: { created: 3 },
    },
  ],
  isOlder: false,
  ...more,
});
