import type { Message } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { judge, type SessionPicture } from "../oracle.ts";
import {
  heard,
  changedTurn,
  changedInput,
  RUNNING,
  removal,
  edit,
  reorder,
  THREE,
  told,
  whole,
  type Hole,
} from "./doctor.ts";
import {
  admission,
  asked,
  eventsOf,
  exchange,
  type Happening,
  input,
  SESSION,
  ledgerOf,
  partsOf,
  pictureOf,
  story,
  stream,
  turn,
} from "./fixture.ts";

/** An order that was asked for twice: the first answer got lost, and at the second all had left the queue. */
const orderedUnseen = (ids: readonly number[]) => {
  const line = {
    method: "POST",
    path: `/api/sessions/${SESSION}/queue/reorder`,
    key: "order",
    body: { inputIds: ids.map((id) => `inp_${id}`) },
  };
  const answer = { status: 200, replayed: true, body: { seq: 95, items: [] } };
  return ledgerOf(admission(2), admission(3), exchange(line, undefined), exchange(line, answer));
};

/** The two waiting inputs delivered one after the other. */
const delivered = (ids: readonly number[]) =>
  pictureOf(
    eventsOf([
      ...story(),
      ["input.admitted", { input: input(3) }],
      ["turn.queued", { turn: turn(3) }],
      ...ids.flatMap((id, index): Happening[] => [
        ["input.delivered", { input: input(id, { state: "delivered", position: undefined }) }],
        ["message.updated", { message: asked(id, { ordinal: 3 + index }) }],
      ]),
    ]),
  );

describe("the oracle of the torture: inputs", () => {
  const holes: Hole[] = [
    [
      "[D-6] an order that was accepted and not made",
      ledgerOf(
        admission(2),
        admission(3),
        exchange(
          { method: "POST", path: `/api/sessions/${SESSION}/queue/reorder`, body: { inputIds: ["inp_3"] } },
          { status: 200, body: { seq: 90, items: [input(2), input(3)] } },
        ),
      ),
      pictureOf(THREE),
      /asked for inp_3, answered inp_2/,
    ],
    [
      "[D-6] a removed input that is back",
      ledgerOf(admission(2), removal()),
      whole(),
      /inp_2 was removed and is back/,
    ],
    [
      "[D-6] an input that nobody took out",
      ledgerOf(admission(2)),
      whole(({ turns, inputs }) => ({
        ...changedTurn("trn_2", { state: "aborted", reason: "cancelled" })({ turns } as SessionPicture),
        ...changedInput("inp_2", { state: "removed" })({ inputs } as SessionPicture),
      })),
      /nobody took it out/,
    ],
    [
      "[D-6] an edit that was taken back",
      ledgerOf(admission(2), edit("EDITED", 200)),
      whole(),
      /acknowledged with "EDITED"/,
    ],
    [
      "[D-6] an edit that was refused and holds",
      ledgerOf(admission(2), edit("EDITED", 409)),
      whole(changedInput("inp_2", partsOf("EDITED"))),
      /has "EDITED"/,
    ],
    [
      "[D-6] an order that was taken back",
      ledgerOf(admission(2), admission(3), reorder([3, 2])),
      pictureOf(THREE),
      /inp_3 \(place 2\) comes after inp_2/,
    ],
    [
      "[D-6] an order that nobody saw, and that was not kept",
      orderedUnseen([3, 2]),
      delivered([2, 3]),
      /put into the order inp_3, inp_2 and came as inp_2, inp_3/,
    ],
    [
      "[D-6] an input that overtook another",
      ledgerOf(admission(1), admission(2)),
      whole(changedInput("inp_2", { state: "delivered" })),
      /comes after inp_2/,
    ],
    [
      "[D-6] a pause that was lifted by nobody",
      heard(),
      whole(({ session: now }) => ({
        session: { ...now, queue: { length: 1, paused: false } },
      })),
      /nobody let it go on/,
    ],
    [
      "[D-6] a turn that started behind a pause",
      told([...story(), ["turn.started", { turn: turn(2, RUNNING) }]]),
      whole(),
      /behind a queue that was paused/,
    ],
    [
      "[D-5] a repeated key that worked twice",
      ledgerOf(admission(1)),
      whole(({ messages }) => ({
        messages: [
          ...messages,
          {
            ...(messages[0] as Message),
            info: { ...(messages[0] as Message).info, id: "msg_9", ordinal: 9, turnId: "trn_9" },
          },
        ] as Message[],
      })),
      /asked once is there 2 times/,
    ],
    [
      "[D-6] an input that was delivered twice",
      told([
        ...story(),
        ["input.delivered", { input: input(1, { state: "delivered", position: undefined }) }],
      ]),
      whole(),
      /input.delivered happened twice/,
    ],
    [
      "[D-5] an acknowledged input that is gone",
      ledgerOf(admission(1)),
      whole(() => ({ messages: [], turns: [], inputs: [] })),
      /is gone[^]*0 times/,
    ],
    [
      "[D-5] one key that made two inputs",
      ledgerOf(admission(1), admission(1, { inputId: "inp_9" })),
      whole(),
      /two inputs/,
    ],
  ];
  test.each(holes)("%s is found", (_title, book, seen, message) => {
    expect(judge(book, seen).join("\n")).toMatch(message);
  });

  test("[D-6] an order that nobody saw, and that was kept, is no violation", () => {
    expect(
      judge(orderedUnseen([3, 2]), delivered([3, 2])).filter((wrong) => /order|comes after/.test(wrong)),
    ).toEqual([]);
  });

  test("[D-6] a steer that went to the queue has a place that nobody told once it is delivered", () => {
    const steer = (change: object = {}) => input(3, { requestedDelivery: "steer", ...change });
    const events = eventsOf([
      ...story(),
      ["input.delivered", { input: steer({ state: "delivered", position: undefined }) }],
    ]);
    const book = ledgerOf(
      admission(2),
      admission(3, { row: { delivery: "steer", position: 9 } }),
      stream(events),
    );
    expect(judge(book, delivered([3, 2])).filter((wrong) => /comes after/.test(wrong))).toEqual([]);
  });
});
