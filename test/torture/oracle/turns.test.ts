import { describe, expect, test } from "vitest";
import { judge } from "../oracle.ts";
import { EVENTS, heard, changedTurn, reply, cancel, RUNNING, told, whole, type Hole } from "./doctor.ts";
import { ledgerOf, permission, question, story, stream, turn } from "./fixture.ts";

describe("the oracle of the torture: turns, replies, the whole store", () => {
  const holes: Hole[] = [
    [
      "[A-19] a permission request that is gone",
      ledgerOf(reply("a")),
      whole(() => ({ permissions: [] })),
      /per_1 was replied and is gone/,
    ],
    [
      "[A-19] an answer to a request that changed",
      heard(),
      whole(() => ({
        permissions: [permission({ state: "expired" })],
      })),
      /per_1 was .* and is/,
    ],
    [
      "[A-19] a question that is gone",
      told([...story(), ["question.replied", { question: question({ state: "replied" }) }]]),
      whole(() => ({ questions: [] })),
      /qst_1 was replied and is gone/,
    ],
    [
      "[A-19] an answer to a question that changed",
      told([...story(), ["question.replied", { question: question({ state: "replied" }) }]]),
      whole(() => ({ questions: [question({ state: "expired" })] })),
      /qst_1 was .* and is/,
    ],
    ["[A-19] a request that was answered twice", ledgerOf(reply("a"), reply("b")), whole(), /answered twice/],
    [
      "[D-10] a stop that was forgotten",
      ledgerOf(cancel(1, { ...RUNNING, stopping: 3 })),
      whole(),
      /trn_1 was cancelled and is completed/,
    ],
    [
      "[D-10] a stop that was accepted and never stored",
      ledgerOf(cancel(1, RUNNING)),
      whole(),
      /not on record/,
    ],
    [
      "[D-10] a stop that an event contradicts",
      ledgerOf(cancel(1, { ...RUNNING, stopping: 3 }), stream(EVENTS)),
      whole(),
      /was cancelled and ended completed/,
    ],
    [
      "[D-10] a stopped turn that somebody goes on with",
      ledgerOf(cancel(2, { state: "aborted", reason: "cancelled" })),
      whole(({ turns }) => ({
        turns: [...turns, turn(3, { resumes: "trn_2" })],
      })),
      /trn_3 goes on with it/,
    ],
    [
      "[A-21] a total that lacks a turn",
      ledgerOf(),
      whole(({ session: now }) => ({ session: { ...now, usage: {} } })),
      /the session used/,
    ],
    [
      "[A-21] an agent's total that counts twice",
      ledgerOf(),
      whole(({ usage }) => ({
        usage: {
          usage: usage.usage,
          agents: [{ agent: "rehearsal", usage: { tokens: { input: 6, output: 8 }, cost: 0.5 } }],
        },
      })),
      /rehearsal used/,
    ],
    [
      "[D-7] an ended turn that is told otherwise",
      told([
        ...story(),
        [
          "turn.updated",
          {
            turn: turn(1, { state: "completed", finish: "other", time: { queued: 1, started: 2, ended: 4 } }),
          },
        ],
      ]),
      whole(),
      /trn_1: event/,
    ],
    [
      "[D-7] an end that changed",
      heard(),
      whole(changedTurn("trn_1", { state: "aborted", reason: "interrupted" })),
      /ended completed/,
    ],
    [
      "[D-18] a turn of a dead server that runs",
      ledgerOf(),
      whole(changedTurn("trn_1", { state: "running" })),
      /is running/,
    ],
    [
      "[D-9] an ended turn with an open answer",
      ledgerOf(),
      whole(({ messages }) => ({
        messages: messages.map((message) => ({
          ...message,
          info: { ...message.info, time: { created: 1 } },
        })),
      })),
      /open answer/,
    ],
    ["[A-11] an agent that outlived its server", ledgerOf(), whole(undefined, { survivors: [4711] }), /4711/],
    [
      "[D-38] a store that doctor complains of",
      ledgerOf(),
      whole(undefined, {
        diagnostics: { ...whole().diagnostics, drift: ["ses_1: queue length"] },
      }),
      /doctor: ses_1/,
    ],
  ];
  test.each(holes)("%s is found", (_title, book, seen, message) => {
    expect(judge(book, seen).join("\n")).toMatch(message);
  });
});
