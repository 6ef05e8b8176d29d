/** What the oracle must not complain of. What it must find stands beside its rooms, each case doctored in one way. */
import { describe, expect, test } from "vitest";
import { loggedCommand } from "./call-log.ts";
import type { Ledger } from "./ledger.ts";
import { compareAtRest, judge, type Picture } from "./oracle.ts";
import {
  changedPart,
  EVENTS,
  heard,
  until,
  untilType,
  patch,
  removal,
  edit,
  reorder,
  told,
  whole,
} from "./oracle/doctor.ts";
import {
  admission,
  askedPart,
  delta,
  eventsOf,
  exchange,
  input,
  ledgerOf,
  partsOf,
  pictureOf,
  session,
  SESSION,
  story,
  stream,
  toolPart,
  turn,
  USAGE,
} from "./oracle/fixture.ts";

describe("the oracle of the torture: nothing wrong is nothing found", () => {
  const fine: [string, Ledger, Picture][] = [
    ["[D-5] a story that was heard to its end", heard(), whole()],
    [
      "[D-6] an order whose first was delivered before the answer",
      ledgerOf(
        admission(2),
        exchange(
          {
            method: "POST",
            path: `/api/sessions/${SESSION}/queue/reorder`,
            body: { inputIds: ["inp_1", "inp_2"] },
          },
          { status: 200, body: { seq: 20, items: [input(2)] } },
        ),
      ),
      whole(),
    ],
    [
      "[D-16] a command that came to an end of its own behind a stop, and says so",
      ledgerOf(),
      whole(
        changedPart("prt_2", {
          state: {
            status: "completed",
            input: { command: loggedCommand("/r", "m1", "true") },
            output: "",
            metadata: { ended: "abort" },
          },
        }),
        { calls: { begun: ["m1"], done: [] } },
      ),
    ],
    ["[D-18] a story that went on after the last that was heard", told(untilType("turn.started")), whole()],
    [
      "[D-12] open text that was finished afterwards",
      told(until(([, data]) => data === story()[16]?.[1])),
      whole(),
    ],
    [
      "[D-12] text that grows on",
      told(untilType("message.part.delta").slice(0, 16)),
      pictureOf(EVENTS.slice(0, 17), undefined, { startedAt: 0 }),
    ],
    [
      "[D-6] an input that was taken out",
      ledgerOf(admission(1), admission(2), removal(), stream(EVENTS)),
      pictureOf(
        eventsOf([
          ...story(),
          ["input.removed", { input: input(2, { state: "removed", position: undefined }) }],
          ["turn.aborted", { turn: turn(2, { state: "aborted", reason: "cancelled" }) }],
        ]),
      ),
    ],
    [
      "[D-6] an edit without an answer that holds",
      ledgerOf(admission(1), admission(2), edit("EDITED", undefined)),
      pictureOf(
        eventsOf([
          ...story(),
          ["message.part.removed", { messageId: "msg_2u", partId: "prt_2u" }],
          ["input.updated", { input: input(2, partsOf("EDITED")) }],
          ["message.part.updated", { part: { ...askedPart(2, "EDITED"), id: "prt_2v" } }],
        ]),
      ),
    ],
    [
      "[D-6] an edit that took effect unheard and was refused when it was repeated",
      ledgerOf(admission(1), admission(2), edit("EDITED", undefined), edit("EDITED", 409)),
      pictureOf(
        eventsOf([
          ...story(),
          ["message.part.removed", { messageId: "msg_2u", partId: "prt_2u" }],
          ["input.updated", { input: input(2, partsOf("EDITED")) }],
          ["message.part.updated", { part: { ...askedPart(2, "EDITED"), id: "prt_2v" } }],
        ]),
      ),
    ],
    [
      "[D-6] an order that was asked for without an answer",
      ledgerOf(admission(2), admission(3), reorder(undefined)),
      pictureOf(
        eventsOf([
          ...story(),
          ["input.admitted", { input: input(3, { position: 2 }) }],
          ["turn.queued", { turn: turn(3) }],
          ["input.updated", { input: input(2, { position: 3 }) }],
        ]),
      ),
    ],
    [
      "[D-1] a title without an answer that holds",
      ledgerOf(stream(EVENTS), patch("New", 0)),
      pictureOf(
        eventsOf([
          ...story(),
          [
            "session.updated",
            { session: session({ title: "New", usage: USAGE, queue: { length: 1, paused: true } }) },
          ],
        ]),
      ),
    ],
    [
      "[D-26] a deleted session",
      ledgerOf(
        admission(1),
        stream(EVENTS),
        exchange({ method: "DELETE", path: `/api/sessions/${SESSION}` }, { status: 204 }),
      ),
      whole(undefined, { sessions: new Map(), listed: new Set() }),
    ],
    [
      "[D-16] a call that gave its output anew",
      told([
        ...until(([type]) => type === "session.created"),
        ["message.part.updated", { part: toolPart({ status: "running", raw: "", input: {}, output: "" }) }],
        ["message.part.delta", delta(0, "first", "prt_2", "output")],
      ]),
      whole(),
    ],
  ];
  test.each(fine)("%s", (_title, book, seen) => {
    expect(judge(book, seen)).toEqual([]);
  });

  test("[D-22] a resumed stream that tells another story than the rows is found", () => {
    expect(compareAtRest(heard(), whole())).toEqual([]);
    expect(compareAtRest(told(story().slice(0, 20)), whole()).join("\n")).toMatch(
      /the resumed stream differs/,
    );
    expect(
      compareAtRest(
        heard(),
        whole(({ todos }) => ({ todos: [...todos, {} as never] })),
      ).join("\n"),
    ).toMatch(/todos 0/);
  });
});
