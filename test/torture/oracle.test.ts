/** The oracle can fail: each case doctors a record or a picture in one way. */
import type { Message, SessionEvent, Turn } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import { compareAtRest, judge, type Picture } from "./oracle.ts";
import type { Exchange } from "./record-log.ts";

const SESSION = "ses_1";
const turn = {
  id: "trn_1",
  state: "completed",
  time: { queued: 1, started: 2, ended: 3 },
} as unknown as Turn;
const asked = {
  info: { id: "msg_1", role: "user", turnId: "trn_1", time: { created: 1 } },
  parts: [{ id: "prt_1", type: "text", text: "SAY a" }],
} as unknown as Message;
const answered = {
  info: { id: "msg_2", role: "assistant", turnId: "trn_1", time: { created: 1, completed: 3 } },
  parts: [{ id: "prt_2", type: "text", text: "hello" }],
} as unknown as Message;

const healthy = { integrity: [], foreignKeys: [], drift: [], stuckTurns: [], leftoverProcesses: [] };

function picture(
  change: Partial<Picture["sessions"] extends Map<string, infer S> ? S : never> = {},
  rest: Partial<Picture> = {},
): Picture {
  const session = { title: "", messages: [asked, answered], turns: [turn], queue: [], replay: [], ...change };
  return {
    startedAt: 10,
    sessions: new Map([[SESSION, session]]),
    permissions: new Map(),
    diagnostics: {
      ...healthy,
      sizes: { databaseBytes: 0, walBytes: 0, sessions: 1, messages: 2, parts: 2, events: 9 },
    },
    survivors: [],
    ...rest,
  };
}

const admission = (inputId = "inp_1"): Exchange => ({
  id: inputId,
  n: 1,
  file: "f",
  method: "POST",
  path: `/api/sessions/${SESSION}/inputs`,
  body: JSON.stringify({ parts: [{ type: "text", text: "SAY a" }] }),
  frames: [],
  answer: {
    n: 2,
    status: 202,
    replayed: false,
    body: {
      input: { id: inputId, sessionId: SESSION },
      turn: { id: "trn_1" },
      message: { info: { id: "msg_1" } },
    },
  },
});

let frameCount = 0;
const stream = (...events: Partial<SessionEvent>[]): Exchange => ({
  id: "stream",
  n: 1,
  file: "f",
  method: "GET",
  path: `/api/sessions/${SESSION}/events`,
  label: "chain",
  frames: events.map((event) => ({
    n: (frameCount += 1),
    event: event.type ?? "",
    id: String(event.seq),
    data: { sessionId: SESSION, ...event },
  })),
});

const delta = (seq: number, prev: number, offset: number, text: string) =>
  ({
    seq,
    prev,
    type: "message.part.delta",
    data: { messageId: "msg_2", partId: "prt_2", field: "text", offset, text },
  }) as unknown as Partial<SessionEvent>;
const end = (seq: number, state: "completed" | "aborted") =>
  ({
    seq,
    prev: seq - 1,
    type: `turn.${state}`,
    data: { turn: { ...turn, state } },
  }) as unknown as Partial<SessionEvent>;

function ledger(...exchanges: Exchange[]): Ledger {
  const book = new Ledger();
  book.take(exchanges);
  return book;
}

describe("the oracle of the torture", () => {
  test("[D-5] nothing wrong is nothing found", () => {
    const book = ledger(
      admission(),
      stream(delta(1, 0, 0, "hel"), delta(2, 1, 3, "lo"), end(3, "completed")),
    );
    expect(judge(book, picture())).toEqual([]);
  });

  const cases: [string, Ledger, Picture, RegExp][] = [
    [
      "[D-5] an acknowledged input that is gone",
      ledger(admission()),
      picture({ messages: [], turns: [] }),
      /is gone|0 times/,
    ],
    [
      "[D-5] an input that exists twice",
      ledger(admission()),
      picture({ messages: [asked, asked, answered] }),
      /2 times/,
    ],
    [
      "[D-5] one key that made two inputs",
      ledger(admission("inp_1"), admission("inp_2")),
      picture(),
      /two inputs/,
    ],
    [
      "[D-12] a delta that was taken back",
      ledger(stream(delta(1, 0, 0, "hello world"))),
      picture(),
      /was acknowledged and is gone/,
    ],
    [
      "[D-12] a delta in another place",
      ledger(stream(delta(1, 0, 1, "hel"))),
      picture(),
      /was acknowledged and is gone/,
    ],
    ["[D-7] an end that changed", ledger(stream(end(1, "aborted"))), picture(), /ended aborted/],
    [
      "[D-18] a turn of a dead server that runs",
      ledger(),
      picture({ turns: [{ ...turn, state: "running" }] }),
      /is running/,
    ],
    [
      "[D-9] an ended turn with an open answer",
      ledger(),
      picture({
        messages: [asked, { ...answered, info: { ...answered.info, time: { created: 1 } } }],
      }),
      /open answer/,
    ],
    [
      "[D-22] a hole by prev",
      ledger(stream(delta(1, 0, 0, "hel"), delta(5, 4, 3, "lo"))),
      picture(),
      /came after 1/,
    ],
    [
      "[D-22] an event that came twice",
      ledger(stream(delta(1, 0, 0, "hel"), delta(1, 0, 0, "hel"))),
      picture(),
      /came after 1/,
    ],
    ["[A-11] an agent that outlived its server", ledger(), picture({}, { survivors: [4711] }), /4711/],
    [
      "[D-38] a store that doctor complains of",
      ledger(),
      picture({}, { diagnostics: { ...picture().diagnostics, drift: ["ses_1: queue length"] } }),
      /doctor: ses_1/,
    ],
  ];
  test.each(cases)("%s is found", (_title, book, seen, message) => {
    expect(judge(book, seen).join("\n")).toMatch(message);
  });

  test("[D-22] a resumed stream that tells another story than the rows is found", () => {
    const book = ledger(stream(delta(1, 0, 0, "hello")));
    expect(compareAtRest(book, picture()).join("\n")).toMatch(/the resumed stream differs/);
  });
});
